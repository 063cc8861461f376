// The one place where a text may become a part of a page or a script (Trusted Types).
// Leaflet writes a few fixed signs as HTML, and two libraries are loaded when they are needed;
// whatever else tries is refused by the browser and reported.

const SIGNS = new Set(["", "<svg/>", '<v:shape adj="1"/>', '<span aria-hidden="true">+</span>', '<span aria-hidden="true">&#x2212;</span>']);
const LIBRARIES = new URL("../vendor/", import.meta.url).pathname;

globalThis.trustedTypes?.createPolicy("default", {
  createHTML: (text) => (SIGNS.has(text) ? text : null),
  createScriptURL: (address) => {
    const { origin, pathname } = new URL(address, location.href);
    return origin === location.origin && pathname.startsWith(LIBRARIES) ? address : null;
  },
});

/** A library of ours as a script; it bears the nonce of the page that asks for it. */
export function library(source) {
  return new Promise((done, failed) => {
    const element = document.createElement("script");
    element.nonce = document.querySelector("script[nonce]")?.nonce || "";
    Object.assign(element, { onload: done, onerror: failed, src: source });
    document.head.append(element);
  });
}
