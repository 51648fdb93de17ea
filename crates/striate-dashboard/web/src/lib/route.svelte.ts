// The page shown, kept in the URL's fragment: links, the back button and bookmarks work without help of the server.

class Route {
  /** Parts of the path, decoded: `#/run/ab12/neurons` is ["run", "ab12", "neurons"]. */
  parts = $state.raw<string[]>([]);

  constructor() {
    this.#read();
    addEventListener("hashchange", () => this.#read());
  }

  #read() {
    this.parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  }

  /** Goes to another page; `replace` leaves no step for the back button. */
  go(href: string, replace = false) {
    if (href === location.hash) return;
    if (!replace) {
      location.hash = href;
      return;
    }
    history.replaceState(null, "", href);
    this.#read();
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The URL fragment of a page: `to("run", id)` is `#/run/ID`. */
export function to(...parts: (string | number)[]): string {
  return "#/" + parts.map((p) => encodeURIComponent(String(p))).join("/");
}

export const route = new Route();
