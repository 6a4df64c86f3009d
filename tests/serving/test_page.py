"""The page at /ui/ as a person uses it, in a browser; behind it may be any service that keeps the contract.

``SORA_TEST_SERVICE`` names one that runs already; else a fake answers.
"""

import base64
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browsers import find_chromium
from coded_clips import coded_picture, write_pictures
from fake_service import fake_app, serving
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from sora.serving.pages import CONTENT_SECURITY_POLICY, FOLDER

HOSTILE = "<img src=x onerror=alert(1)> & <script>alert(2)<" + "very_" * 20 + "long>.mp4"
expect.set_options(timeout=30_000)  # milliseconds; no test depends on the load of the machine
PANELS = ("answer", "timeline", "summary", "similar", "moderation")
# What is wider than the screen and cannot be scrolled to.
WIDE = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  for (let box = one; box; box = box.parentElement)
    if (box.clientWidth < 2 || (box !== one && getComputedStyle(box).overflowX === "auto")) return false;
  return width && (right > innerWidth + 0.5 || left < -0.5);
}).map((one) => one.outerHTML.slice(0, 90))"""
# Text whose contrast with what lies behind it is below 4.5 (WCAG 2.2, 1.4.3); pictures are not looked at.
FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const painted = (one) => getComputedStyle(one).backgroundColor;
  const behind = (one) => one ? [...behind(one.parentElement), painted(one)] : ["Canvas"];
  const light = (...colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll("body *")].filter((one) => {
    const hasText = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!hasText || !one.checkVisibility()) return false;
    const [paper, ink] = [light(...behind(one)), light(...behind(one), getComputedStyle(one).color)];
    return (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05) < 4.5;
  }).map((one) => one.outerHTML.slice(0, 90));
}"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    """A folder with videos: one that a browser plays, one that none does, one that is long."""
    folder = tmp_path_factory.mktemp("clips")
    short = [coded_picture(index) for index in range(40)]
    write_pictures(folder / "short.mp4", short, fps=10)
    write_pictures(folder / "old.avi", short, "mpeg4", fps=10)
    write_pictures(folder / "long.mp4", [coded_picture(index) for index in range(65)], fps=1)
    shutil.copyfile(folder / "short.mp4", folder / HOSTILE)
    return folder


@pytest.fixture(scope="module")
def service(clips) -> Iterator[str]:
    """The address of the service that is tried."""
    if "SORA_TEST_SERVICE" in os.environ:
        yield os.environ["SORA_TEST_SERVICE"]
        return
    app = fake_app()
    app.state.remote = (clips / "short.mp4").read_bytes()
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page in a browser, and what it did that it should not."""

    page: Page
    service: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"said {dialog.message}"))
        self.page.on("console", lambda said: self._listen(said.type, said.text))
        self.page.on("request", lambda request: self._look(request.url))

    def _listen(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)

    def _look(self, url: str) -> None:
        if not url.startswith((self.service, "blob:", "data:")):
            self.complaints.append(f"asked for {url}")

    def open(self) -> Page:
        with self.page.expect_response("**/lineage"):
            self.page.goto(f"{self.service}/ui/")
        expect(self.page.locator("#state-text")).to_have_text("Ready")
        return self.page


@pytest.fixture
def visit(browser, service, request) -> Iterator[Visit]:
    options = {"viewport": {"width": 1280, "height": 900}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    visit = Visit(context.new_page(), service)
    visit.page.set_default_timeout(30_000)
    yield visit
    context.close()
    assert visit.complaints == []


def panels(page: Page, *names: str) -> None:
    """Wait until panels are filled."""
    for name in names or PANELS:
        expect(page.locator(f"#{name}")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator(f"#{name} .body")).not_to_contain_text("After the first answer.")


def choose(page: Page, video: Path) -> dict:
    """Choose a video; give what the service says of it, when every panel is filled."""
    with page.expect_response("**/classify") as answered:
        page.set_input_files("#file", video)
    panels(page)
    return answered.value.json()


def fulfil(answer: dict, status: int = 200, **headers: str):
    body = json.dumps(answer)
    return lambda route: route.fulfill(
        status=status, body=body, headers=headers, content_type="application/json"
    )


def test_the_page_is_served_with_headers_that_allow_nothing_else():
    client = TestClient(fake_app())
    sent = client.get("/ui", follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (307, "ui/")
    for path in ("", *(file.name for file in FOLDER.iterdir())):
        found = client.get(f"/ui/{path}")
        assert found.status_code == 200
        assert found.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"
    assert client.get("/ui/..%2fpages.py").status_code == 404
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    again = client.get("/ui/main.js", headers={"if-none-match": client.get("/ui/main.js").headers["etag"]})
    assert (again.status_code, "content-security-policy" in again.headers) == (304, True)


def test_a_chosen_video_plays_and_every_panel_is_filled(visit, clips):
    page = visit.open()
    said = choose(page, clips / "short.mp4")
    expect(page.locator("#answer .decided")).to_have_text(said["label"])
    expect(page.locator("#answer .bars li:not([hidden])")).to_have_count(min(5, len(said["probabilities"])))
    expect(page.locator("#timeline .part").first).to_be_visible()
    expect(page.locator("#timeline .keys .part").first).to_be_visible()
    expect(page.locator("#summary .strip img").first).to_have_js_property("complete", True)
    expect(page.locator("#moderation .verdict")).to_be_visible()
    assert page.evaluate("document.querySelector('#video').currentSrc").startswith("blob:")
    page.wait_for_function("document.querySelector('#video').currentTime > 0")
    assert page.evaluate("document.cookie") == ""
    with page.expect_response("**/summarize?language=zh") as told:
        page.get_by_text("中文").click()
    expect(page.locator("#summary .story[lang=zh]")).to_have_text(told.value.json()["text"])
    with page.expect_response("**/explain") as explained:
        page.get_by_role("button", name="Show what it looked at").click()
    expect(page.locator("#saliency .strip img")).to_have_count(len(explained.value.json()["frames"]))


def test_a_video_can_be_dropped_whatever_its_name(visit, clips):
    page = visit.open()
    content = base64.b64encode((clips / HOSTILE).read_bytes()).decode()
    carried = page.evaluate_handle(
        """([content, name]) => {
          const carried = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          carried.items.add(new File([bytes], name, { type: "video/mp4" }));
          return carried;
        }""",
        [content, HOSTILE],
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": carried})
    expect(page.locator("#drop-here")).to_be_visible()
    page.dispatch_event("main", "drop", {"dataTransfer": carried})
    expect(page.locator("#drop-here")).to_be_hidden()
    panels(page)
    expect(page.locator("#player-title")).to_have_text(HOSTILE)
    assert page.locator("img[src='x'], body script").count() == 0


def test_what_the_service_says_is_text(visit, clips):
    evil = "<img src=x onerror=alert(1)>"
    rows = [{"video": evil, "similarity": 0.5, "labels": [evil], "tags": [evil]}]
    visit.page.route("**/classify", fulfil({"label": evil, "probabilities": {evil: 0.9}, "warning": evil}))
    visit.page.route("**/search?*", fulfil({"results": rows}))
    visit.page.route("**/moderate", fulfil({"error": evil}, 400))
    page = visit.open()
    choose(page, clips / "short.mp4")
    expect(page.locator("#answer .decided")).to_have_text(evil)
    expect(page.locator("#similar strong")).to_have_text(f"{evil}, {evil}")
    expect(page.locator("#moderation [role=alert]")).to_have_text(f"{evil}.")
    assert page.locator("img[src='x']").count() == 0


def test_a_format_that_no_browser_plays_is_shown_as_a_copy(visit, clips):
    page = visit.open()
    choose(page, clips / "old.avi")
    expect(page.locator("#player-note")).to_contain_text("You see a smaller copy")
    assert page.evaluate("document.querySelector('#video').videoWidth") > 0


def test_a_video_can_be_named_by_its_address(visit):
    page = visit.open()
    page.fill("#url", "ftp://example.org/video.mp4")
    page.press("#url", "Enter")
    expect(page.get_by_role("alert").filter(has_text="http")).to_be_visible()
    with page.expect_request("**/classify") as asked:
        page.fill("#url", "https://example.org/a%20dog.mp4")
        page.press("#url", "Enter")
    assert asked.value.post_data_json == {"url": "https://example.org/a%20dog.mp4"}
    expect(page.locator("#player-title")).to_have_text("a dog.mp4")


def test_a_correction_is_sent_with_the_video_and_kept(visit, clips):
    page = visit.open()
    choose(page, clips / "short.mp4")
    known = page.locator("#known-labels option").evaluate_all("all => all.map((one) => one.value)")
    page.get_by_role("link", name="Not right? Correct it").click()
    page.get_by_label("The right label").fill(known[1])
    page.get_by_label("Note").fill("arms & legs")
    with page.expect_response("**/feedback?*") as answered:
        page.get_by_role("button", name="Send the correction").click()
    request = answered.value.request
    assert parse_qs(urlsplit(request.url).query) == {"label": [known[1]], "note": ["arms & legs"]}
    assert answered.value.status == 201
    kept = answered.value.json()
    assert kept["content_hash"] == hashlib.sha256((clips / "short.mp4").read_bytes()).hexdigest()
    expect(page.locator("#correction-said")).to_contain_text(f"Kept as {known[1]} ({kept['feedback_id']})")


def test_everything_can_be_done_by_keyboard(visit, clips):
    page = visit.open()

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"Tab does not reach {selector}")

    tab_to("#file")
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Space")
    chosen.value.set_files(clips / "short.mp4")
    panels(page)
    page.evaluate("document.querySelector('#video').pause()")
    tab_to("[role=slider]")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for key, seconds in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(page.locator("[role=slider]")).to_have_attribute("aria-valuenow", f"{seconds:.1f}")
    tab_to(".shots .part")
    page.keyboard.press("End")
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    expect(page.locator("#timeline .said")).to_have_text(name)
    page.keyboard.press("Enter")
    tab_to("#correct-label")
    page.keyboard.type("something new")
    page.keyboard.press("Enter")
    expect(page.locator("#correction-said")).to_contain_text("Kept as something new")


def test_ranges_of_time_are_put_where_they_belong(visit):
    page = visit.open()
    ran = page.evaluate("""async () => {
      const { areAlike, lanes, merged, ticks } = await import("./lanes.js");
      const { clock, percent, span } = await import("./words.js");
      const range = (name, start_seconds, end_seconds) => ({ name, start_seconds, end_seconds });
      const said = (label, start_seconds, end_seconds, probability) =>
        ({ label, start_seconds, end_seconds, probability });
      const [one, near, other] = [range("a", 0, 1), range("a", 0, 1.05), range("a", 0, 2)];
      const packed = lanes([range("c", 2, 3), range("a", 0, 2), range("b", 1, 4), range("d", 4, 5)]);
      return {
        lanes: packed.map((lane) => lane.map(({ name }) => name).join("")),
        merged: merged([said("a", 0, 1, 0.5), said("a", 1, 4, 0.9), said("b", 4, 5, 1), said("b", 6, 7, 1)]),
        alike: [areAlike([one], [near]), areAlike([one], [other])],
        ticks: [ticks(16.8, 8), ticks(3700, 8)],
        words: [clock(7.99), clock(3727), span(0, 3.98), span(5, 75), ...[0.004, 0.998, 1].map(percent)],
      };
    }""")
    assert ran["lanes"] == ["acd", "b"]
    assert [list(one.values()) for one in ran["merged"]] == [["a", 0, 4, 0.8], ["b", 4, 5, 1], ["b", 6, 7, 1]]
    assert ran["alike"] == [True, False]
    assert ran["ticks"] == [[0, 5, 10, 15], [0, 600, 1200, 1800, 2400, 3000, 3600]]
    assert ran["words"] == ["0:07", "1:02:07", "0:00.0–0:03.9", "0:05–1:15", "< 1 %", "> 99 %", "100 %"]


@pytest.mark.parametrize(
    "visit",
    [
        {"viewport": {"width": 360, "height": 740}, "has_touch": True},
        {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"},
        {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"},
    ],
    indirect=True,
    ids=["360 px", "390 px, dark", "1280 px, calm"],
)
def test_nothing_is_cut_off_faint_or_nameless(visit, clips):
    page = visit.open()
    assert (page.evaluate(WIDE), page.evaluate(FAINT)) == ([], [])
    choose(page, clips / HOSTILE)
    page.locator("details").evaluate_all("all => all.forEach((one) => (one.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    assert (page.evaluate(WIDE), page.evaluate(FAINT)) == ([], [])
    outline = page.locator("body").aria_snapshot()
    assert re.findall(r'- (?:button|textbox|combobox|slider|link|radio|img)(?! ").*', outline) == []
    is_calm = page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate("document.querySelector('#video').played.length === 0") == is_calm


def test_an_error_stays_in_its_panel_and_can_be_tried_again(visit, clips):
    visit.page.route("**/moderate", fulfil({"error": "the policy names what does not exist"}, 500))
    page = visit.open()
    choose(page, clips / "short.mp4")
    failed = page.locator("#moderation")
    expect(failed.get_by_role("alert")).to_have_text("The policy names what does not exist.")
    expect(page.locator("#timeline .part").first).to_be_visible()
    expect(page.locator("#summary .story")).to_be_visible()
    page.unroute("**/moderate")
    failed.get_by_role("button", name="Try again").press("Enter")
    expect(failed.locator(".verdict")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "moderation"  # not lost with the button


def test_what_is_no_video_is_refused_once_and_with_its_reason(visit, tmp_path):
    (tmp_path / "notes.mp4").write_text("no video")
    page = visit.open()
    with page.expect_response("**/classify") as answered:
        page.set_input_files("#file", tmp_path / "notes.mp4")
    reason = answered.value.json()["error"]
    expect(page.locator("#answer").get_by_role("alert")).to_contain_text(reason[1:])
    expect(page.locator("#timeline, #summary, #similar, #correction").filter(visible=True)).to_have_count(0)


def test_a_page_that_is_cut_off_or_faint_is_noticed(visit):
    page = visit.open()
    page.evaluate("""() => {
      document.querySelector(".lead").style.setProperty("min-width", "2000px");
      document.querySelector(".brand").style.setProperty("color", "#8a8f96");
    }""")
    assert any("lead" in one for one in page.evaluate(WIDE))
    assert ["brand" in one for one in page.evaluate(FAINT)] == [True]


def test_a_busy_service_is_asked_again_after_the_time_it_names(visit, clips):
    visit.page.route("**/classify", fulfil({"error": "busy"}, 503, **{"Retry-After": "1"}), times=1)
    page = visit.open()
    page.set_input_files("#file", clips / "short.mp4")
    expect(page.locator("#answer .waiting")).to_have_text("The service is busy; asking again in 1 s.")
    expect(page.locator("#answer .decided")).to_be_visible()


def test_a_service_that_wants_a_token_gets_one(visit, clips):
    def guard(route: Route) -> None:
        is_open = "/ui/" in route.request.url or route.request.url.endswith("/health")
        if is_open or route.request.headers.get("authorization") == "Bearer open-sesame":
            route.continue_()
        else:
            fulfil({"error": "a token is needed"}, 401)(route)

    visit.page.route("**/*", guard)
    page = visit.open()
    dialog = page.get_by_role("dialog", name="This service wants a token")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#model")).to_contain_text("wants a token")
    page.set_input_files("#file", clips / "short.mp4")
    dialog.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("That token was not accepted")
    dialog.get_by_label("Token").fill("open-sesame")
    dialog.get_by_role("button", name="Go on").click()
    panels(page)
    expect(page.locator("#moderation .verdict")).to_be_visible()
    expect(page.locator("#model")).to_contain_text("Model ")
    expect(page.locator("#known-labels option")).not_to_have_count(0)
    assert page.evaluate("sessionStorage.length") == 1
    assert page.evaluate("localStorage.length") == 0


def test_a_long_video_goes_through_jobs(visit, clips):
    page = visit.open()
    tasks = []
    page.on(
        "request",
        lambda request: tasks.append(urlsplit(request.url).query) if "/jobs?" in request.url else None,
    )
    choose(page, clips / "long.mp4")
    expect(page.locator("#timeline .part").first).to_be_visible()
    expect(page.locator("#summary .story")).to_be_visible()
    assert sorted(tasks) == ["task=moderate", "task=summarize&language=en", "task=tag"]


def test_a_job_can_be_cancelled(visit, clips):
    visit.page.route("**/jobs?task=tag", fulfil({"job_id": "slow", "status": "queued", "progress": 0}, 202))
    visit.page.route("**/jobs/slow", fulfil({"job_id": "slow", "status": "running", "progress": 0.4}))
    page = visit.open()
    page.set_input_files("#file", clips / "long.mp4")
    panel = page.locator("#timeline")
    expect(panel.locator(".waiting")).to_contain_text("40 %")
    expect(panel.get_by_role("progressbar")).to_have_js_property("value", 0.4)
    with page.expect_request(lambda request: request.method == "DELETE") as cancelled:
        panel.get_by_role("button", name="Cancel").click()
    assert cancelled.value.url.endswith("/jobs/slow")
    expect(panel.locator(".body")).to_contain_text("Cancelled.")
    panels(page, "moderation", "summary")


def test_a_video_is_made_of_the_one_that_is_open_and_can_be_saved(visit, clips):
    page = visit.open()
    choose(page, clips / "short.mp4")
    made = page.locator("#remaking")
    with page.expect_request("**/jobs?task=enhance&scale=2"):
        made.get_by_role("button", name="Enlarge 2×").press("Enter")
    assert page.evaluate("document.activeElement.id") == "remaking"  # not lost with the button
    expect(made).to_contain_text("256 × 128 px")
    made.get_by_label("In the style").select_option("starry")
    with page.expect_request("**/jobs?task=stylize&style=starry"):
        made.get_by_role("button", name="Paint").click()
    saved = made.get_by_role("link", name="Download")
    expect(saved).to_be_visible()
    expect(made.locator("video")).to_have_js_property("readyState", 4)
    with page.expect_download() as download:
        saved.click()
    assert download.value.suggested_filename == "short-starry.mp4"
    assert Path(download.value.path()).read_bytes() == (clips / "short.mp4").read_bytes()
    visit.page.route("**/capabilities", fulfil({"scales": [1], "styles": []}))
    visit.open()
    choose(page, clips / "short.mp4")
    expect(made).to_be_hidden()


def test_a_new_video_ends_what_was_asked_of_the_old_one(visit, clips):
    visit.page.route("**/tag", lambda route: None, times=1)  # never answered
    page = visit.open()
    with page.expect_request("**/tag"):
        page.set_input_files("#file", clips / "short.mp4")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/tag")):
        page.set_input_files("#file", clips / HOSTILE)
    panels(page)
    expect(page.locator("#timeline .part").first).to_be_visible()
    expect(page.locator("#player-title")).to_have_text(HOSTILE)
