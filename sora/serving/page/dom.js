// Building the page from values. What a server or a file says becomes text, never markup.

/** Return the element of this page with an id. */
export const byId = (id) => document.getElementById(id);

/**
 * Make an element.
 *
 * `attributes`: `class`, `hidden` and the like as in markup, functions named `on...` as listeners; what is null,
 * undefined or false is left out. `children`: elements, or values that are shown as text.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat());
  return made;
}

/** Set properties of CSS, which a strict policy forbids as an attribute. */
export function styled(made, properties) {
  for (const [name, value] of Object.entries(properties)) made.style.setProperty(name, value);
  return made;
}

/** Tell those who do not see the page what has happened. */
export function announce(text) {
  const log = byId("announcements");
  log.append(element("p", {}, text));
  if (log.childElementCount > 5) log.firstElementChild.remove();
}

/** Let one of `buttons` be reached by Tab and the others from it by arrow keys, Home and End. */
export function roving(buttons) {
  buttons.forEach((button, place) => {
    button.tabIndex = place ? -1 : 0;
    button.addEventListener("focus", () => {
      for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
    });
    button.addEventListener("keydown", (event) => {
      const places = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: buttons.length - 1 };
      const next = buttons[places[event.key]];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  });
}
