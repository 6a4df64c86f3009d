// A video to ask the service about: a file of this computer, or an address.

/** A file. */
export class FileSource {
  constructor(file) {
    this.file = file;
    this.name = file.name;
    this.bytes = file.size;
  }

  /** Return what is sent. */
  body() {
    const form = new FormData();
    form.append("video", this.file, this.name);
    return form;
  }
}

/** An address, which the service reads; the page itself may not. */
export class UrlSource {
  constructor(url) {
    this.url = url;
    this.name = decoded(new URL(url).pathname.split("/").pop()) || url;
    this.bytes = null;
  }

  /** Return what is sent. */
  body() {
    return JSON.stringify({ url: this.url });
  }
}

/** Return the http(s) address that a text is, or null. */
export function asUrl(text) {
  try {
    const url = new URL(text.trim());
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
