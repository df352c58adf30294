// What pages do by themselves, beyond what htmx swaps. Everything here is an addition: pages work without it.
"use strict";

const page = () => document.getElementById("page");
const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);
const typing = (element) => element?.matches?.("input, select, textarea, [contenteditable]");

/* Moments: told again as time goes by, and exactly in the reader's own time zone. */
function tell(time) {
  const then = new Date(time.dateTime);
  const passed = (Date.now() - then) / 1000;
  const seconds = Math.abs(passed);
  const some = (count, unit) => (passed < 0 ? `in ${Math.floor(count)} ${unit}` : `${Math.floor(count)} ${unit} ago`);
  const words =
    seconds < 45 ? "just now"
    : seconds < 3600 ? some(seconds / 60 + 0.5, "min")
    : seconds < 86400 ? some(seconds / 3600, "h")
    : seconds < 2592000 ? some(seconds / 86400, "d")
    : time.dateTime.slice(0, 10);
  const told = {
    local: () => then.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }),
    utc: () => `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`,
  }[document.documentElement.dataset.times]?.() ?? words;
  if (time.textContent !== told) time.textContent = told;
  time.title = then.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}
const tellAll = () => document.querySelectorAll("time[data-ago]").forEach(tell);
setInterval(tellAll, 30_000);

/* Notes in the corner go by themselves, but not while somebody looks at them. */
customElements.define("toast-note", class extends HTMLElement {
  connectedCallback() {
    if (!this.hasAttribute("data-stays")) this.leave();
  }
  leave() {
    setTimeout(() => (this.matches(":hover, :focus-within") ? this.leave() : this.remove()), 10_000);
  }
});

/* A button that copies the text beside it. */
customElements.define("copy-code", class extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    button.hidden = !navigator.clipboard;
    button.onclick = async () => {
      await navigator.clipboard.writeText(this.querySelector("code").textContent);
      const label = button.getAttribute("aria-label");
      button.setAttribute("aria-label", "Copied");
      setTimeout(() => button.setAttribute("aria-label", label), 2000);
    };
  }
});

/* Shows only the rows that contain what is typed; groups without rows go, too. */
customElements.define("find-row", class extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    this.field.addEventListener("input", (event) => {
      // What is looked for is no edit.
      event.stopPropagation();
      this.find();
    });
    this.field.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    let here = location.pathname;
    this.again = () => {
      // Another page begins with everything.
      if (here !== location.pathname) this.field.value = "";
      here = location.pathname;
      this.find();
    };
    document.addEventListener("htmx:after:swap", this.again);
  }
  disconnectedCallback() {
    document.removeEventListener("htmx:after:swap", this.again);
  }
  find() {
    const wanted = this.field.value.trim().toLowerCase();
    for (const row of document.querySelectorAll("[data-found]")) row.hidden = !row.dataset.found.toLowerCase().includes(wanted);
    for (const group of document.querySelectorAll("[data-found-group]")) group.hidden = !group.querySelector("[data-found]:not([hidden])");
  }
});

/* Search or act: focus stays in the field, arrows choose, Enter does it. */
customElements.define("command-palette", class extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    this.list = this.querySelector(".found");
    this.field.addEventListener("input", () => this.ask());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => {
      if (closest(event, "[role=option]")) this.closest("dialog").close();
    });
  }
  open() {
    this.closest("dialog").showModal();
    this.field.select();
    this.ask();
  }
  async ask() {
    const asked = this.field.value;
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const url = `${this.getAttribute("src")}?${new URLSearchParams({ q: asked })}`;
      const answer = await fetch(url, { headers: { "burgee-palette": "1" }, signal: this.asking.signal });
      if (answer.redirected) location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      this.list.innerHTML = await answer.text();
      htmx.process(this.list);
      this.choose(0);
    } catch (error) {
      if (error.name !== "AbortError") this.list.textContent = "The server does not answer. Try again.";
    }
  }
  choose(index) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    this.at = index;
    this.options = options;
    this.field.setAttribute("aria-activedescendant", options[index]?.id ?? "");
    options[index]?.scrollIntoView({ block: "nearest" });
  }
  key(event) {
    const count = this.options?.length ?? 0;
    if (event.key === "Enter") {
      event.preventDefault();
      this.options?.[this.at]?.click();
    } else if (count && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.choose((this.at + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    }
  }
});

/* Menus close when somebody goes on elsewhere. */
function closeMenus(except) {
  document.querySelectorAll("details.menu[open]").forEach((menu) => menu !== except && (menu.open = false));
}
document.addEventListener("click", (event) => {
  closeMenus(closest(event, "details.menu"));
  const opener = closest(event, "[data-open]");
  if (opener) {
    closeMenus();
    document.querySelector(opener.dataset.open)?.showModal();
  }
  if (closest(event, "[data-dismiss]")) closest(event, "toast-note").remove();
  if (closest(event, "#seek") && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    document.querySelector("command-palette").open();
  }
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

/* Ticked rows: all of the page at once, and how many they are. */
function count() {
  for (const all of document.querySelectorAll("[data-all]")) {
    const rows = [...document.querySelectorAll(`input[form="${all.dataset.all}"]`)];
    const ticked = rows.filter((row) => row.checked).length;
    all.hidden = false;
    all.checked = ticked > 0 && ticked === rows.length;
    all.indeterminate = ticked > 0 && ticked < rows.length;
    const told = document.querySelector(`[data-count="${all.dataset.all}"]`);
    if (told) told.textContent = `${ticked} selected`;
  }
}
document.addEventListener("change", (event) => {
  const all = closest(event, "[data-all]");
  if (all) document.querySelectorAll(`input[form="${all.dataset.all}"]`).forEach((row) => (row.checked = all.checked));
  count();
});

/* A form with unsaved edits is left alone by everything that comes from the server, until it is sent. */
document.addEventListener("input", (event) => closest(event, "form[data-draft]")?.setAttribute("hx-morph-skip", ""));
document.addEventListener("submit", (event) => {
  event.target.removeAttribute("hx-morph-skip");
  const lever = event.target.querySelector("button[role=switch]");
  lever?.setAttribute("aria-checked", event.target.elements.enabled.value);
}, true);
/* A choice that narrows a list is asked for at once. */
document.addEventListener("change", (event) => closest(event, "[data-sends]")?.form.requestSubmit());
const edited = () => document.querySelector('form[data-draft][method="post"][hx-morph-skip]:not(.asking, .menu-form)');
const live = (event) => event.detail.ctx?.request.headers["burgee-live"];
const isLive = (event) => Boolean(live(event));
// A page as it was asked for anew must not take the place of another one that came meanwhile.
document.addEventListener("htmx:before:swap", (event) => {
  if (isLive(event) && live(event) !== here()) event.preventDefault();
});
// Whoever goes on to another page leaves the form; its edits must not stay in that page. Having them judged is not going on.
document.addEventListener("htmx:before:request", (event) => {
  if (isLive(event) || event.detail.ctx.sourceElement.matches("[data-checks]")) return;
  if (edited() && event.detail.ctx.sourceElement.matches("a") && !confirm("Leave without saving?")) event.preventDefault();
  else document.querySelectorAll("[hx-morph-skip]").forEach((form) => form.removeAttribute("hx-morph-skip"));
});
addEventListener("beforeunload", (event) => {
  if (edited()) event.preventDefault();
});

/* What did not work: the switch goes back to where it was. */
document.addEventListener("htmx:response:error", (event) => undo(event));
document.addEventListener("htmx:error", (event) => {
  undo(event);
  if (!isLive(event)) say("The server does not answer. Nothing was changed; try again.");
});
function undo(event) {
  if (isLive(event)) asked = 0;
  const source = event.detail.ctx?.sourceElement;
  const lever = source?.querySelector?.("button[role=switch]");
  if (lever) lever.setAttribute("aria-checked", source.elements.enabled.value === "true" ? "false" : "true");
}
function say(text) {
  const note = document.createElement("toast-note");
  note.className = "toast problem";
  const line = note.appendChild(document.createElement("p"));
  line.textContent = text;
  document.getElementById("toasts").append(note);
}

/* Live: the stream says how new the page could be; an older page asks for itself again. */
let stream;
let followed;
let asked = 0;
function follow() {
  const wanted = page()?.dataset.live;
  if (wanted === followed) return;
  stream?.close();
  followed = wanted;
  asked = 0;
  lose(false);
  if (!wanted) return;
  stream = new EventSource(wanted);
  stream.onopen = () => lose(false);
  stream.onmessage = (event) => refresh(Number(event.data));
  stream.onerror = () => {
    lose(true);
    if (stream.readyState !== EventSource.CLOSED) return;
    // Not even an answer, or a refusal: try again from the beginning, a little later.
    followed = undefined;
    setTimeout(follow, 5000);
  };
}
let losing;
function lose(lost) {
  const note = document.querySelector("#lost p");
  clearTimeout(losing);
  if (!note) return;
  if (lost) losing = setTimeout(() => (note.hidden = false), 1500);
  else note.hidden = true;
}
addEventListener("pagehide", () => stream?.close());
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  followed = undefined;
  follow();
});
const here = () => `${location.pathname}${location.search} ${page()?.dataset.live}`;
function refresh(revision) {
  if (revision <= Math.max(asked, Number(page().dataset.revision))) return;
  asked = revision;
  htmx.ajax("GET", location.pathname + location.search, {
    target: "#page",
    swap: "outerMorph",
    headers: { "burgee-live": here() },
  });
}

/* After a page was swapped: follow what it shows; on another page, begin at its top. */
let address = location.pathname;
document.addEventListener("htmx:after:swap", () => {
  tellAll();
  count();
  follow();
  if (address === location.pathname) return;
  address = location.pathname;
  closeMenus();
  document.querySelector("#nav:popover-open")?.hidePopover();
  scrollTo(0, 0);
  document.getElementById("main")?.focus({ preventScroll: true });
});
addEventListener("DOMContentLoaded", () => {
  tellAll();
  count();
  follow();
});

/* Keys. */
let before = "";
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    document.querySelector("command-palette")?.open();
    return;
  }
  if (event.key === "Escape") closeMenus();
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const pair = before === "g" ? `g ${key}` : key;
  before = key;
  const go = { "g h": 'nav a[href$="/"]', "g p": 'nav a[href$="/projects"]', "g e": 'nav a[href$="/events"]' }[pair];
  if (go) document.querySelector(go)?.click();
  else if (key === "?") document.getElementById("keys")?.showModal();
  else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  else if (document.querySelector(`[data-key="${CSS.escape(key)}"]`)) {
    event.preventDefault();
    const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (typing(target)) target.focus();
    else target.click();
  }
});
function step(by) {
  const rows = [...document.querySelectorAll("tr[data-row] .row-link")];
  const at = rows.findIndex((link) => link.closest("tr").contains(document.activeElement));
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}
