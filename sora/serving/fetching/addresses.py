"""Which addresses the service may connect to when a stranger chooses the host."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# IANA's registries of special-purpose addresses (RFC 6890). Python's own `is_global` says the same of most,
# but what it says changes with the version.
_NOT_PUBLIC = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, and the unspecified address
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the host of a machine in Azure, in the midst of public addresses
        "169.254.0.0/16",  # link-local; clouds answer with credentials here
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Nothing public lies elsewhere: not loopback, ::/96 and ::ffff:0:0/96 with IPv4 inside, NAT64 (64:ff9b::/96,
# 64:ff9b:1::/48), unique local, link-local, site-local or multicast.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, with IPv4 inside
        "3fff::/20",  # documentation
    )
)


def may_be_reached(address: Address, allowed_networks: tuple[Network, ...] = ()) -> bool:
    """Tell whether an address is public, or of a network that the operator allows.

    An address with a zone (fe80::1%eth0) is neither. IPv4 inside IPv6 (::ffff:10.0.0.1) is not of the network
    of the IPv4 address: only the IPv6 network allows it, and with it every address inside.
    """
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    return is_public(address) or any(address in network for network in allowed_networks)


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to one host of the internet, and to nothing nearer or special."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC)
    forbidden = address.scope_id is not None or any(address in network for network in _NOT_PUBLIC_IPV6)
    return address in _PUBLIC_IPV6 and not forbidden
