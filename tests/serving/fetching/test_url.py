import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora.serving.fetching.errors import UrlError
from sora.serving.fetching.url import RemoteUrl, parse_url


def test_a_url_is_taken_apart_and_quoted():
    url = parse_url(" https://Example.com:8443/a é%20.mp4?x=/y z#t=3 ")
    assert url == RemoteUrl("https", "example.com", 8443, "/a%20%C3%A9%20.mp4?x=/y%20z")
    assert url.joined("../b") == RemoteUrl("https", "example.com", 8443, "/b")
    assert url.joined("//other.com?c") == RemoteUrl("https", "other.com", 443, "/?c")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "clip.mp4",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.com/a.mp4",
        "gopher://example.com/",
        "data:video/mp4;base64,AAAA",
        "http:///a.mp4",
        "http://:80/",
        "http://./",
        "http://a..b/",
        "http://.a/",
        "http://exa mple.com/",
        "http://user@example.com/",
        "http://user:word@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com\\.test/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:http/",
        "http://example.com:-1/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[v1.x]/",
        "http://%6cocalhost/",
        "http://example.com/a\r\nX: y",
        "http://exa\tmple.com/",
        "http://example.com/\0",
        "http://example.com/\ud800",
        f"http://{'a' * 64}.com/",
        f"http://{'a.' * 130}com/",
        f"http://example.com/{'a' * 5000}",
        "http://℀example.com/",
    ],
)
def test_what_names_no_public_file_is_refused(url: str):
    with pytest.raises(UrlError):
        parse_url(url)


@given(st.text() | st.text(alphabet="htps:/[]@%.\\?#1a-é。:").map("http://".__add__))
def test_any_text_is_a_url_or_an_error(text: str):
    try:
        url = parse_url(text)
    except UrlError:
        return
    assert parse_url(f"{url.scheme}://{url.authority}{url.target}") == url
    assert f"{url.host}{url.target}".isascii()
    assert not set(url.host) & set("/@%\\?# ")


def test_names_in_other_letters_and_final_dots_are_put_into_plain_names():
    assert parse_url("HTTP://MÜNCHEN.example.:81").authority == "xn--mnchen-3ya.example:81"
    assert parse_url("https://[2606:4700:0::1111]:443/").authority == "[2606:4700::1111]"
    assert parse_url("http://127。0。0。1/").host == "127.0.0.1"
