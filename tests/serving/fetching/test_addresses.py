from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.serving.fetching.addresses import is_public, may_be_reached

SPECIAL = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "site-local": ("fec0::/10",),
    "unspecified": ("0.0.0.0/8", "::/128"),
    "carrier-grade NAT": ("100.64.0.0/10",),
    "protocol assignments": ("192.0.0.0/24", "2001::/23"),
    "benchmarks": ("198.18.0.0/15", "2001:2::/48"),
    "documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": ("240.0.0.0/4", "4000::/2", "8000::/2", "100::/64", "5f00::/16"),
    "broadcast": ("255.255.255.255/32",),
    "6to4": ("192.88.99.0/24", "2002::/16"),
    "Teredo": ("2001::/32",),
    "NAT64": ("64:ff9b::/96", "64:ff9b:1::/48"),
    "IPv4 in IPv6": ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96"),
}
NETWORKS = [ip_network(text) for texts in SPECIAL.values() for text in texts]
ADDRESSES = st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.ip_addresses(v=6, network="2000::/3")


@given(st.sampled_from(NETWORKS).flatmap(lambda network: st.ip_addresses(network=network)))
def test_no_special_address_is_public(address):
    assert not is_public(address)
    assert not may_be_reached(address)


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_special_networks_are_closed_up_to_their_ends(network):
    assert not is_public(network[0])
    assert not is_public(network[-1])


@given(ADDRESSES)
def test_what_is_public_is_nothing_else_to_python(address):
    if is_public(address):
        kinds = ("private", "loopback", "link_local", "multicast", "reserved", "unspecified")
        assert not any(getattr(address, f"is_{kind}") for kind in kinds)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_reached_through_ipv6(inner):
    bits = int(inner)
    forms = (
        bits,  # compatible
        (0xFFFF << 32) | bits,  # mapped
        (0x64FF9B << 96) | bits,  # NAT64
        (0x2002 << 112) | (bits << 80),  # 6to4
        (0x20010000 << 96) | (bits ^ 0xFFFFFFFF),  # Teredo
    )
    assert not any(may_be_reached(IPv6Address(form), (ip_network("0.0.0.0/0"),)) for form in forms)


@pytest.mark.parametrize(
    "text",
    # The neighbours of special networks, and well-known hosts.
    """1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0
    192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255
    2001:200:: 2001:4860:4860::8888 2003:: 2606:4700:4700::1111 3ffe:ffff:: 3fff:1000::""".split(),
)
def test_the_internet_is_public(text: str):
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    ["169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"],
)
def test_the_metadata_of_clouds_are_not(text: str):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["fe80::1%eth0", "2606:4700:4700::1111%eth0", "::1%1"])
def test_an_address_with_a_zone_is_never_reached(text: str):
    assert not is_public(ip_address(text))
    assert not may_be_reached(ip_address(text), (ip_network("::/0"),))


@given(ADDRESSES, st.integers(0, 32))
def test_an_operator_allows_exactly_the_networks_that_are_named(
    address: IPv4Address | IPv6Address, length: int
):
    network = ip_network((address, length), strict=False)
    assert may_be_reached(address, (ip_network("192.0.2.0/24"), network))
    outside = ip_address("127.0.0.1" if address.version == 6 or int(address) >> 31 else "255.0.0.1")
    assert may_be_reached(outside, (network,)) == (outside in network)
