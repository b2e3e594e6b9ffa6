// The bar on every page and the few functions that our own parts share, as `window.winnow`.
(() => {
  "use strict";
  const STEPS = [["seeds", "Seeds"], ["generate", "Generate"], ["explore", "Explore"], ["review", "Review"], ["train", "Train"]];
  const POLL_MS = 2000;
  const page = location.pathname.split("/")[1] || "seeds";
  const listeners = [];

  // Text only ever becomes a text node or an attribute here; `html` is for what the server escaped.
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "html") node.innerHTML = value;
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
  }

  async function api(path, options = {}) {
    let response;
    try {
      response = await fetch(`/api/${path}`, options);
    } catch {
      throw new Error("The workbench does not answer. Start it again; nothing that was saved is lost.");
    }
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(body.error || `The workbench answered ${response.status} to ${path}.`);
    return body;
  }

  const post = (path, body) =>
    api(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });

  const format = new Intl.NumberFormat("en-US");
  const number = (value, digits = 0) =>
    value === null || value === undefined ? "–" : digits ? value.toFixed(digits) : format.format(Math.round(value));

  function ago(seconds) {
    const passed = Math.max(0, Date.now() / 1000 - seconds);
    if (passed < 60) return "just now";
    if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
    if (passed < 86400) return `${Math.floor(passed / 3600)} h ago`;
    return `${Math.floor(passed / 86400)} d ago`;
  }

  const query = () => Object.fromEntries(new URLSearchParams(location.search));
  function setQuery(values) {
    const text = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined)).toString();
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
  }

  // Gradio builds the page after us: `found(node)` runs once, when the node is there.
  function whenPresent(selector, found) {
    const look = () => {
      const node = document.querySelector(selector);
      if (node) { observer.disconnect(); found(node); }
      return node;
    };
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { childList: true, subtree: true });
    look();
  }

  // What the page shows, in the browser's tab; Gradio sets its own when it has loaded.
  let title = document.title;
  function setTitle(text) {
    title = text ? `${text} · Winnow` : "Winnow";
    document.title = title;
  }

  const errors = el("div", { class: "w-errors", role: "alert" });
  function showError(error) {
    const text = error.message || String(error);
    if ([...errors.children].some((shown) => shown.dataset.text === text)) return;
    const line = el("div", { class: "w-error", "data-text": text }, el("span", {}, text),
      el("button", { class: "w-button", type: "button", onclick: () => line.remove() }, "Dismiss"));
    errors.append(line);
  }

  function dialog(title, ...content) {
    const close = el("button", { class: "w-button", value: "close" }, "Close");
    const box = el("dialog", { class: "w-dialog", "aria-label": title }, el("h2", {}, title), ...content, el("form", { method: "dialog" }, close));
    box.addEventListener("close", () => box.remove());
    box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
    document.body.append(box);
    box.showModal();
    return box;
  }

  function showCommand() {
    const source = document.querySelector("[data-command]");
    const text = source ? source.dataset.command : "python -m workbench status";
    const copy = el("button", { class: "w-button", type: "button", onclick: async () => {
      await navigator.clipboard.writeText(text); copy.textContent = "Copied";
    } }, "Copy");
    dialog("The same from a command line", el("p", { class: "w-muted" }, "Stop this app first, or name another workspace: one process owns the database."), el("pre", {}, text), copy);
  }

  // Light or dark: what was chosen here, else what the system says.
  const theme = () => localStorage.getItem("winnow-theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  function applyTheme() {
    const dark = theme() === "dark";
    if (document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
    themeButton.textContent = dark ? "Light" : "Dark";
    themeButton.setAttribute("aria-label", dark ? "Switch to the light theme" : "Switch to the dark theme");
  }
  const themeButton = el("button", { type: "button", onclick: () => {
    localStorage.setItem("winnow-theme", theme() === "dark" ? "light" : "dark");
    applyTheme();
    document.dispatchEvent(new CustomEvent("winnow-theme"));
  } });

  const counts = Object.fromEntries(STEPS.map(([name]) => [name, el("span", { class: "w-count" })]));
  const links = STEPS.flatMap(([name, label], index) => [
    index ? el("span", { class: "w-arrow", "aria-hidden": "true" }, "›") : null,
    el("a", { href: `/${name}`, "aria-current": page === name ? "page" : null }, label, counts[name]),
  ]);
  const jobsButton = el("button", { type: "button", "aria-expanded": "false", "aria-haspopup": "true", onclick: toggleJobs }, "Jobs");
  const jobsBox = el("div", { class: "w-jobs", role: "region", "aria-label": "Jobs", hidden: true });
  const user = el("span", { class: "w-user" });
  const bar = el("header", { class: "w-bar" },
    el("a", { class: "w-skip", href: `${location.pathname}#page` }, "Skip to the page"),
    el("a", { class: "w-name", href: "/seeds" }, "Winnow"),
    el("nav", { "aria-label": "Steps" }, links), el("span", { class: "w-space" }),
    jobsButton, el("button", { class: "w-hide", type: "button", onclick: showCommand }, "Command"),
    user, el("a", { class: "w-button", href: "/settings", "aria-current": page === "settings" ? "page" : null }, "Settings"), themeButton);

  function toggleJobs() {
    jobsBox.hidden = !jobsBox.hidden;
    jobsButton.setAttribute("aria-expanded", String(!jobsBox.hidden));
  }

  function jobLine(job) {
    const act = async (what) => { try { await post(`jobs/${job.id}/${what}`); await refresh(); } catch (error) { showError(error); } };
    const button = job.running
      ? el("button", { class: "w-button", type: "button", disabled: job.state === "stopping", onclick: () => act("cancel") }, job.state === "stopping" ? "Stopping…" : "Cancel")
      : job.resumable ? el("button", { class: "w-button", type: "button", onclick: () => act("resume") }, "Resume") : el("span");
    const amount = job.total ? `${number(job.done)} of ${number(job.total)}` : "";
    const when = el("span", { title: new Date(job.created_at * 1000).toLocaleString() }, ago(job.created_at));
    return el("div", { class: "w-job" }, el("div", {}, el("b", {}, job.title), " ", el("small", {}, [!job.running ? job.state : job.phase === "done" ? "finishing" : job.phase || job.state, amount].filter(Boolean).join(" · "), " · ", when)), button,
      job.running ? el("div", { class: "w-progress w-wide", role: "progressbar", "aria-label": job.title, "aria-valuenow": job.share === null ? null : Math.round(job.share * 100) }, bar100(job.share)) : null,
      job.error ? el("small", { class: "w-wide w-bad" }, job.error) : null);
  }

  function bar100(share) {
    const fill = el("i");
    fill.style.width = `${Math.round((share ?? 0.05) * 100)}%`;
    return fill;
  }

  let shown = "";
  let last = null;
  function render(status) {
    const { counts: c } = status;
    counts.seeds.textContent = c.seeds ? number(c.seeds) : "";
    counts.generate.textContent = c.samples ? number(c.samples) : "";
    counts.review.textContent = c.samples ? `${number(c.reviewed)} of ${number(c.samples)}` : "";
    counts.train.textContent = c.runs ? `${number(c.runs)} ${c.runs === 1 ? "run" : "runs"}` : "";
    user.textContent = status.reviewer;
    user.title = `Decisions are saved as ${status.reviewer}`;
    const running = status.jobs.filter((job) => job.running);
    jobsButton.replaceChildren(running.length ? `${running.length} running` : "Jobs");
    if (running.length) { const pill = el("span", { class: "w-pill" }, bar100(running[0].share)); jobsButton.append(pill); }
    const key = JSON.stringify(status.jobs);
    if (key !== shown && !jobsBox.contains(document.activeElement)) {
      shown = key;
      jobsBox.replaceChildren(...(status.jobs.length ? status.jobs.map(jobLine) : [el("p", {}, "No jobs yet. Drawing seeds, generating, analyzing and training appear here.")]));
    }
    last = status;
    for (const listener of listeners) listener(status);
  }

  async function refresh() {
    try { render(await api("status")); } catch (error) { if (!document.hidden) showError(error); }
  }

  async function poll() {
    if (!document.hidden) await refresh();
    setTimeout(poll, POLL_MS);
  }

  function start() {
    document.body.prepend(bar);
    document.body.append(jobsBox, errors);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !jobsBox.hidden) { toggleJobs(); jobsButton.focus(); } });
    document.addEventListener("click", (event) => { if (!jobsBox.hidden && !jobsBox.contains(event.target) && !jobsButton.contains(event.target)) toggleJobs(); });
    const name = [...STEPS, ["settings", "Settings"]].find(([step]) => step === page);
    setTitle(name ? name[1] : "");
    new MutationObserver(() => { if (document.title !== title) document.title = title; }).observe(document.head, { childList: true, subtree: true });
    new MutationObserver(applyTheme).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    applyTheme();
    bar.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "center" });
    poll();
  }

  window.winnow = { el, api, post, number, ago, query, setQuery, whenPresent, showError, dialog, page, bar100, refresh,
    setTitle,
    onStatus: (listener) => { listeners.push(listener); if (last) listener(last); } };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
