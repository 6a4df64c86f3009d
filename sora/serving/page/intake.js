// The ways in: drop, choose, paste, or name by address.

import { byId } from "./dom.js";
import { FileSource, UrlSource, asUrl } from "./source.js";

const NO_URL = "This is not an address that begins with http:// or https://.";

/** Call `open(source)` with every video that is given, and say here what cannot be taken. */
export function takeVideos(open) {
  const problem = byId("intake-problem");
  const take = (source) => {
    problem.textContent = "";
    open(source);
  };
  const takeFile = (file) => {
    if (!file.size) problem.textContent = `${file.name} is empty, or a folder.`;
    else take(new FileSource(file));
  };
  const takeText = (text) => {
    const url = asUrl(text);
    if (url) take(new UrlSource(url));
    else problem.textContent = NO_URL;
  };
  takeChosen(takeFile);
  takeNamed(takeText);
  takeDropped(takeFile, takeText);
  takePasted(takeFile, takeText);
}

function takeChosen(takeFile) {
  const field = byId("file");
  field.addEventListener("change", () => {
    const [file] = field.files;
    field.value = ""; // so that the same file can be chosen again
    if (file) takeFile(file);
  });
}

function takeNamed(takeText) {
  byId("by-url").addEventListener("submit", (event) => {
    event.preventDefault();
    takeText(byId("url").value);
  });
}

function takeDropped(takeFile, takeText) {
  const shade = byId("drop-here");
  const isWanted = (event) => ["Files", "text/uri-list"].some((type) => event.dataTransfer.types.includes(type));
  document.addEventListener("dragover", (event) => {
    if (!isWanted(event)) return;
    event.preventDefault();
    shade.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) shade.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    shade.hidden = true;
    if (!isWanted(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) takeFile(file);
    else takeText(event.dataTransfer.getData("text/uri-list").split("\n")[0]);
  });
}

function takePasted(takeFile, takeText) {
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea")) return;
    const [file] = event.clipboardData.files;
    const text = event.clipboardData.getData("text/plain");
    if (file) takeFile(file);
    else if (asUrl(text)) takeText(text);
  });
}
