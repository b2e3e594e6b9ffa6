// Generate: the jobs that ask a model, and the newest samples as they arrive.
(() => {
  "use strict";
  const { el, api, post, number, query, whenPresent, showError, setTitle, refresh, page } = window.winnow;
  if (page !== "generate") return;
  const { jobView } = window.winnowJob;
  const FAST_MS = 1000, SLOW_MS = 5000;
  const JOBS = 5, NEWEST = 3, MOST_NEWEST = 12;
  const NONE = "none";     // in the address: no job is open

  let chosen = { job: "", reason: "" };
  let wanted = JOBS;
  let newest = NEWEST;
  let last = null;         // the last answer of /api/generate/jobs
  let timer = 0;
  let looking = null;
  let states = null;       // of the jobs, to see that one ended
  let shownSamples = "";
  let samplesShown = 0;    // how many there were when the newest were painted
  const views = new Map();
  const parts = {};

  // The address

  function readAddress() {
    const { job = "", reason = "" } = query();
    chosen = { job, reason };
  }

  // Another job or reason is a step that the browser's back button takes back.
  function go(next) {
    chosen = next;
    const rest = { ...query(), job: next.job, reason: next.reason };
    const text = new URLSearchParams(Object.entries(rest).filter(([, value]) => value)).toString();
    history.pushState(null, "", location.pathname + (text ? `?${text}` : "") + location.hash);
    paint();
  }

  const openId = () => (chosen.job ? chosen.job : last?.jobs[0]?.id ?? "");
  const host = {
    toggle: (id) => go({ job: id === openId() ? NONE : id, reason: "" }),
    choose: (id, reason) => go({ job: id, reason: id === openId() && reason === chosen.reason ? "" : reason }),
    look: () => look(),
  };

  // Reading: every second while something runs and somebody looks

  async function look() {
    clearTimeout(timer);
    looking ??= read().finally(() => { looking = null; schedule(); });
    await looking;
  }

  function schedule() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(look, last?.jobs.some((job) => job.running) ? FAST_MS : SLOW_MS);
  }

  async function read() {
    try {
      const named = chosen.job === NONE ? "" : chosen.job;
      last = await api(`generate/jobs?${new URLSearchParams({ limit: wanted, job: named })}`);
      parts.root.removeAttribute("aria-busy");
      paint();
      notice();
      await readNewest();
    } catch (error) { if (!document.hidden) showError(error); if (!last) paintFailure(); }
  }

  // A job that began or ended changes the estimate and the counts in the bar.
  function notice() {
    const now = last.jobs.map((job) => `${job.id} ${job.running}`).join();
    if (states !== null && states !== now) { document.getElementById("generate-again")?.click(); refresh(); }
    states = now;
  }

  // What somebody reads stays where it is: then a button says how many more there are by now.
  const reading = () => parts.newest.matches(":hover, :focus-within") || Boolean(parts.newest.querySelector(".open"));

  async function readNewest({ always = false } = {}) {
    const key = `${last.samples} ${newest}`;
    const arrived = last.samples - samplesShown;
    const wait = !always && key !== shownSamples && arrived > 0 && parts.newest.childElementCount > 0 && reading();
    parts.fresh.hidden = !wait;
    if (wait) { const text = `Show ${number(arrived)} new`; if (parts.fresh.textContent !== text) parts.fresh.textContent = text; }
    if (wait || key === shownSamples) return;
    const now = last.samples;
    paintNewest(now ? await api(`generate/newest?size=${newest}`) : []);
    shownSamples = key;
    samplesShown = now;
  }

  // The page, built once; painting fills its parts

  function build() {
    const box = (kind) => el("div", { class: kind });
    Object.assign(parts, {
      jobs: box("g-jobs"), note: el("p", { class: "g-note w-muted", hidden: true }), older: box("g-line"), again: box("g-line g-again"), newest: box("g-newest"), empty: box(""),
      more: el("button", { class: "w-button", type: "button", hidden: true, onclick: () => { wanted += JOBS; look(); } }, "Older jobs"),
      newestMore: el("button", { class: "w-button", type: "button", hidden: true, onclick: () => { newest = newest === NEWEST ? MOST_NEWEST : NEWEST; readNewest({ always: true }).catch(showError); } }),
      fresh: el("button", { class: "w-button", type: "button", hidden: true, onclick: () => readNewest({ always: true }).catch(showError) }),
    });
    parts.older.append(parts.more);
    parts.samples = el("section", { "aria-label": "Newest samples" }, el("div", { class: "g-line" }, el("h2", { class: "w-h2" }, "Newest samples"), el("span", { class: "w-space" }), parts.fresh, parts.newestMore), parts.newest);
    parts.root.replaceChildren(el("section", { "aria-label": "Jobs", class: "g-section-jobs" }, parts.again, parts.note, parts.jobs, parts.older), parts.empty, parts.samples);
    parts.samples.hidden = true;
    parts.root.setAttribute("aria-busy", "true");
    parts.empty.append(el("p", { class: "w-muted", role: "status" }, "Loading the jobs…"));
  }

  function paint() {
    if (!last) return;
    const open = openId();
    const ids = new Set(last.jobs.map((job) => job.id));
    for (const [id, view] of views) if (!ids.has(id)) { view.node.remove(); views.delete(id); }
    let before = null;
    for (const job of last.jobs) {
      if (!views.has(job.id)) views.set(job.id, jobView(job, host));
      const view = views.get(job.id);
      view.update(job, { open: job.id === open, reason: job.id === open ? chosen.reason : "" });
      // Moved only where it is not there already: a moved node loses focus and scroll.
      const place = before ? before.nextSibling : parts.jobs.firstChild;
      if (place !== view.node) parts.jobs.insertBefore(view.node, place);
      before = view.node;
    }
    const unknown = chosen.job && chosen.job !== NONE && !ids.has(chosen.job);
    parts.note.hidden = !unknown;
    if (unknown) parts.note.textContent = `Job ${chosen.job} is not in this workspace.`;
    parts.more.hidden = !last.more;
    paintOlderReadings();
    paintTitle();
    paintEmpty();
  }

  function paintTitle() {
    const job = last.jobs.find((one) => one.running) ?? last.jobs.find((one) => one.id === chosen.job);
    const far = job?.running && job.total ? `, ${number(job.done)} of ${number(job.total)}` : "";
    setTitle(chosen.reason ? `Generate: ${chosen.reason.replaceAll("_", " ")}` : job?.running ? `${job.title}${far}` : "Generate");
  }

  function paintEmpty() {
    const running = last.jobs.some((job) => job.running);
    parts.samples.hidden = !last.samples;
    if (last.samples) { parts.empty.replaceChildren(); return; }
    const [title, text] = running ? ["The first sample is being written", "It appears here when it is whole."]
      : last.seeds ? ["No samples yet", "Press Start to turn seeds into samples, or try a few first."] : ["No seeds to start from", "Draw some on the Seeds page first."];
    if (parts.empty.dataset.shown === title && parts.empty.firstChild) return;
    parts.empty.dataset.shown = title;
    const link = !running && !last.seeds ? el("p", {}, el("a", { class: "w-button w-primary", href: "/seeds" }, "Draw seeds")) : null;
    parts.empty.replaceChildren(el("div", { class: "w-empty" }, el("b", {}, title), text, link ?? ""));
  }

  function paintFailure() {
    const again = el("button", { class: "w-button", type: "button", onclick: () => look() }, "Try again");
    parts.empty.replaceChildren(el("div", { class: "w-empty" }, el("b", {}, "The jobs could not be read"), el("p", {}, again)));
  }

  // Answers that an older version of the parser got nothing from can be read again for nothing.
  function paintOlderReadings() {
    const count = last.older_readings;
    if (parts.again.dataset.count === String(count)) return;
    parts.again.dataset.count = String(count);
    if (!count) { if (!parts.again.dataset.said) parts.again.replaceChildren(); return; }
    const button = el("button", { class: "w-button", type: "button", onclick: readAgain }, "Parse again");
    parts.again.replaceChildren(el("span", { class: "w-warn" }, `${number(count)} ${count === 1 ? "answer that gave nothing was" : "answers that gave nothing were"} read by an older parser.`), button);
  }

  async function readAgain(event) {
    event.currentTarget.disabled = true;
    event.currentTarget.textContent = "Reading…";
    try {
      const { seen, gained } = await post("generate/parse-again");
      parts.again.dataset.said = "yes";
      parts.again.replaceChildren(el("span", { role: "status" }, `Read ${number(seen)} answers again: ${number(gained)} give something now.`));
      parts.again.dataset.count = "0";
    } catch (error) { showError(error); parts.again.dataset.count = ""; }
    await look();
  }

  function sampleView(sample) {
    const column = (title, about, html) => el("section", { "aria-label": title }, el("h3", {}, title, about ? el("span", { class: "w-muted", title: about }, ` ${about}`) : ""), el("div", { class: "w-text g-fold", html }));
    const folds = [column(sample.origin.title, sample.origin.place || "none", sample.origin.html), column("Problem", "", sample.problem_html), column("Solution", sample.model, sample.solution_html)];
    const unfold = el("button", { class: "w-button", type: "button", "aria-expanded": "false", hidden: true, onclick: () => {
      const open = node.classList.toggle("open");
      unfold.setAttribute("aria-expanded", String(open));
      unfold.textContent = open ? "Show less" : "Show all of it";
    } }, "Show all of it");
    const node = el("article", { class: "w-panel g-one" }, el("div", { class: "g-columns" }, folds), el("div", { class: "g-line" }, el("a", { class: "w-button", href: `/review?sample=${encodeURIComponent(sample.id)}` }, "Review it"), unfold));
    node.dataset.sample = sample.id;
    const measure = () => { unfold.hidden = ![...node.querySelectorAll(".g-fold")].some((fold) => fold.scrollHeight > fold.clientHeight + 4); };
    requestAnimationFrame(measure);
    return node;
  }

  function paintNewest(samples) {
    const there = new Map([...parts.newest.children].map((node) => [node.dataset.sample, node]));
    const nodes = samples.map((sample) => there.get(sample.id) ?? sampleView(sample));
    parts.newest.replaceChildren(...nodes);
    const more = Math.min(last.samples, MOST_NEWEST) - NEWEST;
    parts.newestMore.hidden = more <= 0;
    parts.newestMore.textContent = newest === NEWEST ? `${more} more` : "Fewer";
  }

  // A section that the address names is opened; Gradio builds it after us, and may not listen yet.
  function openSection(tries = 20) {
    const name = location.hash.slice(1);
    if (!/^[a-z]+$/.test(name) || !tries) return;
    const section = document.getElementById(`section-${name}`);
    const content = section?.querySelector("[data-testid=accordion-content]");
    if (content && content.style.display !== "none") { section.scrollIntoView({ block: "start" }); return; }
    section?.querySelector("button.label-wrap")?.click();
    setTimeout(() => openSection(tries - 1), 250);
  }

  whenPresent("#generate-root", (root) => {
    parts.root = root;
    readAddress();
    build();
    look().then(() => openSection());  // after what stands above it is as high as it will be
    addEventListener("popstate", () => { readAddress(); paint(); });
    addEventListener("hashchange", () => openSection());
    document.addEventListener("winnow-generate", () => { if (chosen.job) go({ job: "", reason: "" }); look(); refresh(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  });
})();
