// What the page's script adds: keys, a filter, the theme, colours of code that is opened. The page is complete without it.
export const script = `
(() => {
  const root = document.documentElement;
  const kernels = [...document.querySelectorAll("details.kernel")];
  const links = new Map([...document.querySelectorAll(".kernels a")].map(a => [a.getAttribute("href").slice(1), a]));

  const stored = { get: () => { try { return localStorage.getItem("azulejo-theme"); } catch { return null; } }, set: t => { try { localStorage.setItem("azulejo-theme", t); } catch {} } };
  const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  if (stored.get()) root.dataset.theme = stored.get();
  const toggleTheme = () => { root.dataset.theme = isDark() ? "light" : "dark"; stored.set(root.dataset.theme); };
  document.getElementById("theme").addEventListener("click", toggleTheme);

  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const a of links.values()) {
      const hidden = !a.parentElement.dataset.text.includes(wanted);
      a.parentElement.hidden = hidden;
      document.getElementById(a.getAttribute("href").slice(1)).hidden = hidden;
    }
  });

  const show = id => {
    const target = document.getElementById(id);
    if (!target || !target.matches("details.kernel")) return;
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
    target.scrollIntoView({ block: "start" });
    mark(target);
  };
  const mark = kernel => {
    for (const [id, a] of links) id === kernel.id ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current");
    links.get(kernel.id)?.scrollIntoView({ block: "nearest" });
  };
  addEventListener("hashchange", () => show(location.hash.slice(1)));
  if (location.hash) show(location.hash.slice(1));
  document.addEventListener("click", event => {
    const link = event.target.closest?.('a[href^="#kernel-"]');
    if (link && link.getAttribute("href") === location.hash) show(location.hash.slice(1));
  });

  const step = by => {
    const seen = kernels.filter(k => !k.hidden);
    if (seen.length === 0) return;
    const at = seen.findIndex(k => k.contains(document.activeElement));
    const next = seen[at < 0 ? (by > 0 ? 0 : seen.length - 1) : Math.min(seen.length - 1, Math.max(0, at + by))];
    next.querySelector("summary").focus();
    next.scrollIntoView({ block: "nearest" });
    mark(next);
  };
  const toggleAll = () => {
    const open = !kernels.some(k => k.open);
    for (const k of kernels) k.open = open;
  };
  const keys = { j: () => step(1), k: () => step(-1), x: toggleAll, t: toggleTheme, "/": () => filter.focus() };
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === filter) { if (event.key === "Escape") { filter.value = ""; filter.dispatchEvent(new Event("input")); filter.blur(); } return; }
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  const words = {
    graph: /^(graph|constant|with|end|tensor|named)$/,
    ir: /^(kernel|symbol|input|output|inout|constant|layout|grid|axis|fold|yield|store|view|over|as|else|from|into|until|when|steps|of|dot|sum|max|min|prod|select|cast)$/,
    loops: /^(func|for|if|else|outline|trap|call)$/,
    code: /^(func|local|loop|block|end|br|br_if|if|else|return|static|inline|void|const|for|while|int|float|double|fn|let|var|struct|int32_t|uint32_t|int64_t|uint8_t|restrict)$/,
  };
  const token = /(\\/\\/.*)|("(?:[^"\\\\\\n]|\\\\.)*")|(\\b[A-Za-z_][\\w.]*)|(\\b\\d[\\w.]*(?:(?<=e)[+-]\\d+)?)/g;
  const kinds = ["", "t-comment", "t-string", "t-word", "t-number"];
  /** longer texts stay plain */
  const most = 400000;
  const paint = element => {
    const language = words[element.dataset.lang];
    const text = element.textContent;
    if (!language || element.dataset.painted || text.length > most) return;
    element.dataset.painted = "yes";
    const out = document.createDocumentFragment();
    let from = 0;
    for (const match of text.matchAll(token)) {
      const kind = match.slice(1).findIndex(part => part !== undefined) + 1;
      if (kind === 3 && !language.test(match[0])) continue;
      out.append(text.slice(from, match.index));
      const span = document.createElement("span");
      span.className = kinds[kind];
      span.textContent = match[0];
      out.append(span);
      from = match.index + match[0].length;
    }
    out.append(text.slice(from));
    element.replaceChildren(out);
  };
  const paintBelow = details => {
    for (const e of details.querySelectorAll("[data-lang]")) if (e.closest("details") === details) paint(e);
  };
  for (const d of document.querySelectorAll("details")) {
    d.addEventListener("toggle", () => d.open && paintBelow(d));
    if (d.open) paintBelow(d);
  }
})();
`;
