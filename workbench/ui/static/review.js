// Review: one card at a time from a frozen queue; the next cards are here before they are asked for.
(() => {
  "use strict";
  const { el, api, number, query, setQuery, whenPresent, showError, dialog, page } = window.winnow;
  if (page !== "review") return;
  const AHEAD = 6;
  const RECENT = 10;
  const LETTERS = { accepted: "a", rejected: "x", skipped: "–" };

  const { sample: firstSample, ...filters } = query();
  let queue = [];        // [{id, verdict}], frozen when the page was opened
  let at = 0;
  let decided = [];      // decisions of this reviewer that can be undone, oldest first
  const skipped = new Set();
  const cards = new Map();
  const parts = {};

  const filterText = () => new URLSearchParams(filters).toString();

  whenPresent("#review-root", async (root) => {
    root.replaceChildren(el("p", { class: "w-muted" }, "Loading the samples…"));
    try {
      const answer = await api(`review/queue?${filterText()}`);
      queue = answer.queue.map(([id, verdict]) => ({ id, verdict }));
      decided = answer.recent.reverse();
    } catch (error) {
      showError(error);
      root.replaceChildren(empty("The samples cannot be shown", error.message, "/review", "Clear the filters"));
      return;
    }
    if (!queue.length) { root.replaceChildren(nothing()); return; }
    window.winnow.setTitle(`Review ${number(queue.length)} ${filterText() ? "filtered samples" : "samples"}`);
    build(root);
    window.winnowDecisions.onChange(onSaved);
    window.winnowDecisions.flush();
    document.addEventListener("keydown", onKey);
    const asked = queue.findIndex((row) => row.id === firstSample);
    show(asked >= 0 ? asked : Math.max(0, nextOpen(-1)));
  });

  function empty(title, text, address, label) {
    return el("div", { class: "w-empty" }, el("b", {}, title), el("p", {}, text), el("a", { class: "w-button w-primary", href: address }, label));
  }

  const nothing = () => Object.keys(filters).length
    ? empty("No sample matches", "The filter leaves nothing to review.", "/review", "Clear the filters")
    : empty("Nothing to review yet", "Here you accept or reject samples with the evidence beside them.", "/generate", "Generate samples");

  function build(root) {
    const column = (...children) => el("div", { class: "r-col" }, ...children);
    parts.meta = el("div", { class: "r-top" });
    parts.problem = el("div", { class: "w-text" });
    parts.solution = el("div", { class: "w-text" });
    parts.file = el("div", { class: "r-file" });
    parts.place = el("span", { class: "w-muted" });
    parts.evidence = el("ul", { class: "r-ev" });
    parts.facts = el("dl", { class: "r-dl" });
    const fold = el("button", { class: "w-button", type: "button", onclick: () => foldSeed(!seed.classList.contains("folded")) });
    const seed = el("section", { class: "w-panel r-seed", "aria-label": "Seed in its file" }, el("div", { class: "r-top" }, el("h2", {}, "Seed ", parts.place), fold), parts.file);
    const foldSeed = (folded) => {
      seed.classList.toggle("folded", folded);
      fold.setAttribute("aria-expanded", String(!folded));
      fold.setAttribute("aria-label", `${folded ? "Show" : "Fold"} the seed`);
      fold.textContent = folded ? "Show" : "Fold";
    };
    foldSeed(matchMedia("(max-width: 900px)").matches);  // on a phone the solution comes first
    root.replaceChildren(
      el("div", { class: "w-head", id: "page" }, el("h1", {}, "Review"), chips(), el("span", { class: "w-space" })),
      el("div", { class: "r-page" },
        column(el("section", { class: "w-panel r-scroll", tabindex: "0", "aria-label": "Problem" }, parts.meta, parts.problem), seed),
        column(el("section", { class: "w-panel r-scroll", tabindex: "0", "aria-label": "Solution" }, el("h2", {}, "Solution"), parts.solution)),
        column(el("section", { class: "w-panel r-scroll", tabindex: "0", "aria-label": "Evidence" }, el("h2", {}, "Evidence"), parts.evidence, el("h2", {}, "About"), parts.facts))),
      foot());
  }

  function chips() {
    const buttons = Object.entries(filters).map(([name, value]) => {
      const { [name]: _gone, ...rest } = filters;
      return el("a", { class: "w-chip", href: `/review?${new URLSearchParams(rest)}`, "aria-label": `Remove the filter ${name} ${value}` }, `${name.replace("_", " ")} ${value}`, " ×");
    });
    return el("div", { class: "w-chips" }, el("span", { class: "w-muted" }, `${number(queue.length)} ${queue.length === 1 ? "sample" : "samples"}`), buttons,
      el("a", { class: "w-button", href: `/explore?${filterText()}` }, "Filter"));
  }

  function foot() {
    // A press by mouse or thumb gives the focus back, so that the space bar goes on to mean Skip.
    const press = (act) => (event) => { if (event.detail) event.currentTarget.blur(); act(); };
    const key = (text, label, kind, act) => el("button", { class: `w-button ${kind}`, type: "button", onclick: press(act), "aria-keyshortcuts": text === "space" ? "Space" : text }, label, el("span", { class: "w-kbd", "aria-hidden": "true" }, text));
    parts.position = el("span", { class: "w-num", "aria-live": "polite" });
    parts.recent = el("span", { class: "r-recent", "aria-label": "Last ten decisions" });
    parts.saved = el("span", { class: "r-saved", role: "status" }, "saved");
    parts.bar = el("div", { class: "r-foot", role: "toolbar", "aria-label": "Decide" },
      key("x", "Reject", "reject", () => decide("rejected")), key("space", "Skip", "", () => decide("skipped")), key("a", "Accept", "accept", () => decide("accepted")),
      key("z", "Undo", "", undo), el("span", { class: "w-space" }), parts.recent,
      el("button", { class: "w-button r-step", type: "button", "aria-label": "Previous sample", onclick: () => step(-1) }, "←"), parts.position,
      el("button", { class: "w-button r-step", type: "button", "aria-label": "Next sample", onclick: () => step(1) }, "→"), parts.saved);
    return parts.bar;
  }

  async function load(from) {
    const wanted = queue.slice(Math.max(0, from - 1), from + AHEAD).map((row) => row.id).filter((id) => !cards.has(id));
    if (!wanted.length) return;
    for (const card of await api(`review/cards?ids=${wanted.map(encodeURIComponent).join(",")}`)) cards.set(card.id, card);
  }

  async function show(index) {
    at = index;
    const { id } = queue[at];
    setQuery({ ...filters, sample: id });
    parts.bar.dataset.command = `python -m workbench decide ${id} accepted`;
    if (!cards.has(id)) {
      try { await load(at); } catch (error) { showError(error); return; }
    }
    if (queue[at].id !== id) return;  // somebody was quicker than the network
    paint(cards.get(id));
    load(at + 1).catch(() => {});     // asked for again, and complained about, when it is needed
  }

  function paint(card) {
    parts.meta.replaceChildren(el("h2", {}, "Problem"), el("span", { class: "w-tag" }, card.category || "not analyzed"), card.language ? el("span", { class: "w-tag" }, card.language) : null, verdictTag());
    parts.problem.innerHTML = card.problem_html;
    parts.solution.innerHTML = card.solution_html;
    parts.file.innerHTML = card.seed_html;
    parts.place.textContent = card.seed ? `${card.seed.path.split("/").pop()}, lines ${card.seed.first_line}–${card.seed.last_line}` : "was imported, without a seed";
    parts.evidence.replaceChildren(...card.evidence.map((line) => evidenceLine(line, card)));
    parts.facts.replaceChildren(...facts(card).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    for (const section of parts.problem.closest(".r-page").querySelectorAll(".r-scroll")) section.scrollTop = 0;
    scrollTo(0, 0);
    const marked = parts.file.querySelector("li.mark");
    if (marked) marked.parentElement.scrollTop = marked.offsetTop - marked.parentElement.offsetTop - 40;
    paintBar();
  }

  const verdictTag = () => el("span", { class: `w-tag ${queue[at].verdict}` }, queue[at].verdict);

  function paintBar() {
    const done = queue.filter((row) => row.verdict !== "undecided").length;
    parts.position.textContent = `${number(at + 1)} of ${number(queue.length)}`;
    parts.position.title = `${number(done)} decided`;
    const tag = parts.meta.querySelector(".w-tag:last-child");
    if (tag) tag.replaceWith(verdictTag());
    parts.recent.replaceChildren(...decided.slice(-RECENT).map((row) => el("i", { class: row.verdict, title: row.verdict }, LETTERS[row.verdict])));
  }

  function facts(card) {
    const rows = [["Category", card.category || "–"], ["Cluster", card.cluster || "–"], ["Tokens", `${number(card.problem_tokens)} + ${number(card.solution_tokens)}`], ["Model", card.model]];
    if (card.seed) rows.push(["From", card.seed.repository], ["File", card.seed.path], ["Licence", card.seed.licence], ["Corpus", card.seed.corpus]);
    rows.push(["Sample", card.id]);
    return rows;
  }

  function evidenceLine(line, card) {
    const open = { task: () => showNearest(card), text: () => dialog(line.title, el("pre", {}, line.detail)), sample: () => showSample(line.detail) }[line.proof];
    const label = { task: "Compare", text: "Show the match", sample: "Open it" }[line.proof];
    return el("li", { class: line.level }, el("b", {}, line.title), line.text, " ", open ? el("button", { type: "button", onclick: open }, label) : null);
  }

  async function showNearest(card) {
    try {
      const nearest = await api(`review/nearest/${encodeURIComponent(card.id)}`);
      dialog(`${nearest.task}, words shared with the sample marked`, el("pre", { html: nearest.html }));
    } catch (error) { showError(error); }
  }

  function showSample(id) {
    const index = queue.findIndex((row) => row.id === id);
    if (index >= 0) show(index); else location.href = `/review?sample=${encodeURIComponent(id)}`;
  }

  function nextOpen(from) {
    const order = [...queue.keys()].map((offset) => (from + 1 + offset) % queue.length);
    const open = order.filter((index) => queue[index].verdict === "undecided");
    return open.find((index) => !skipped.has(queue[index].id)) ?? open[0] ?? -1;
  }

  function decide(verdict) {
    const row = queue[at];
    const decision = window.winnowDecisions.decide(row.id, verdict);
    decided.push({ ...decision, before: row.verdict });
    if (verdict === "skipped") skipped.add(row.id); else { row.verdict = verdict; skipped.delete(row.id); }
    const next = nextOpen(at);
    if (next >= 0) show(next); else { paintBar(); finished(); }
  }

  function undo() {
    const last = decided.pop();
    if (!last) { showError(new Error("There is no decision of yours left to undo.")); return; }
    window.winnowDecisions.decide(last.sample_id, "undone", last.id);
    skipped.delete(last.sample_id);
    const index = queue.findIndex((row) => row.id === last.sample_id);
    if (index < 0) { paintBar(); return; }
    if (last.verdict !== "skipped") queue[index].verdict = last.before ?? "undecided";
    show(index);
  }

  function step(by) {
    const next = at + by;
    if (next >= 0 && next < queue.length) show(next);
  }

  function finished() {
    const accepted = queue.filter((row) => row.verdict === "accepted").length;
    dialog("Every sample here is decided", el("p", {}, `${number(accepted)} of ${number(queue.length)} are accepted.`),
      el("p", {}, el("a", { class: "w-button w-primary", href: "/train?verdict=accepted" }, "Export and train on the accepted ones")));
  }

  function onSaved(waiting, change) {
    parts.saved.textContent = waiting ? `${waiting} unsaved` : "saved";
    parts.saved.classList.toggle("pending", waiting > 0);
    if (change.waiting) parts.saved.textContent = `${waiting} unsaved, trying again`;
    if (change.saved) {
      const row = queue.find((candidate) => candidate.id === change.saved.sample_id);
      if (row && !waiting) { row.verdict = change.verdict; paintBar(); }
    }
    if (change.refused) showError(new Error(change.error));
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog") || document.querySelector("dialog[open]")) return;
    const act = { a: () => decide("accepted"), x: () => decide("rejected"), " ": () => decide("skipped"), z: undo, ArrowLeft: () => step(-1), ArrowRight: () => step(1) }[event.key];
    // The space bar presses the button that has the focus, unless that is a decision anyway.
    if (!act || (event.key === " " && event.target.closest("button, a"))) return;
    event.preventDefault();
    act();
  }
})();
