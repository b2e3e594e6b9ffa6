// Blind comparison: two answers to one seed side by side, a key for each vote, and the tally when it is asked for.
(() => {
  "use strict";
  const { el, api, post, number, ago, whenPresent, showError, dialog, onStatus } = window.winnow;
  const STORE = "winnow-votes";
  const RETRY_MS = 2000;
  const CHOICES = [["1", "left", "Left is better"], ["2", "right", "Right is better"], ["3", "both_good", "Both good"], ["4", "both_bad", "Both bad"]];
  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  let root = null;
  let open = null;      // the comparison that is being judged, or null
  let waiting = false;  // whether something of the list is still being asked

  whenPresent("#compare-root", (node) => {
    root = node;
    document.addEventListener("winnow-compare", refresh);
    // Not under somebody's fingers: a button that is replaced loses the focus.
    onStatus(() => { if (waiting && root.offsetParent && !open && !root.contains(document.activeElement)) refresh(); });
    flush();
    refresh();
  });

  // Votes on their way: kept in the browser until the server has committed them, sent in order.
  const pending = () => JSON.parse(localStorage.getItem(STORE) || "[]");
  const keep = (rows) => { localStorage.setItem(STORE, JSON.stringify(rows)); paintSaved(); };
  let sending = false;
  async function flush() {
    if (sending) return;
    sending = true;
    while (pending().length) {
      const [{ comparison, ...body }] = pending();
      try {
        const response = await fetch(`/api/compare/${comparison}/votes`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
        if (response.status >= 500) throw new Error();
        if (!response.ok) complain((await response.json().catch(() => ({}))).error || `The workbench answered ${response.status} to a vote.`);
        keep(pending().filter((row) => row.id !== body.id));
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    sending = false;
  }

  async function refresh() {
    let found;
    try { found = await api("compare"); } catch (error) { if (!document.hidden) showError(error); return; }
    waiting = found.some((one) => one.waiting);
    root.replaceChildren(...(found.length ? [el("section", { class: "w-panel" }, el("h2", {}, "Comparisons"), el("ul", { class: "c-list" }, found.map(line)))]
      : [el("div", { class: "w-empty" }, el("b", {}, "No comparison yet"), "Choose two prompt versions or two models, then press Ask both: you judge their answers without knowing whose they are.")]));
  }

  function line(one) {
    const words = [`${number(one.judged)} of ${number(one.ready)} judged`, one.waiting ? `${number(one.waiting)} being asked` : "",
      one.missing ? `${number(one.missing)} not asked` : "", one.failed ? `${number(one.failed)} without two answers` : ""].filter(Boolean).join(" · ");
    const act = (label, run, kind = "", disabled = false) => el("button", { class: `w-button ${kind}`, type: "button", disabled, "aria-label": `${label}: ${one.name}`, onclick: run }, label);
    return el("li", {}, el("div", {}, el("b", {}, one.name), el("span", { class: "w-muted" }, ` ${words} · `, el("span", { title: new Date(one.created_at * 1000).toLocaleString() }, ago(one.created_at)))),
      el("div", { class: "c-acts" },
        one.missing ? act("Ask what is missing", async () => { try { await post(`compare/${one.id}/ask`); refresh(); } catch (error) { showError(error); } }) : null,
        act("Tally", () => askTally(one)), act("Judge", () => judge(one.id), "w-primary", !one.ready)));
  }

  // The judging fills the window; everything that changes between pairs is text.
  async function judge(id) {
    let state;
    try { state = await api(`compare/${id}`); } catch (error) { showError(error); return; }
    const side = (label) => {
      const problem = el("div", { class: "w-text" }), solution = el("div", { class: "w-text" });
      return { problem, solution, box: el("section", { class: "c-side", tabindex: "0", "aria-label": `${label} answer` }, el("h2", {}, label), el("h3", {}, "Problem"), problem, el("h3", {}, "Solution"), solution) };
    };
    const left = side("Left"), right = side("Right");
    const seed = el("div", { class: "c-file" });
    const place = el("span", { class: "w-num", "aria-live": "polite" }), saved = el("span", { class: "r-saved", role: "status" }), alert = el("p", { class: "w-bad", role: "alert" });
    const press = (act) => (event) => { if (event.detail) event.currentTarget.blur(); act(); };
    const button = (key, label, act) => el("button", { class: "w-button", type: "button", "aria-keyshortcuts": key, onclick: press(act) }, label, el("span", { class: "w-kbd", "aria-hidden": "true" }, key));
    const votes = CHOICES.map(([key, choice, label]) => button(key, label, () => vote(choice)));
    const box = el("dialog", { class: "c-judge", tabindex: "-1", autofocus: true, "aria-label": `Judge ${state.name}` },
      el("header", {}, el("h1", {}, state.name), el("details", {}, el("summary", {}, "Seed"), seed), el("span", { class: "w-space" }),
        el("button", { class: "w-button", type: "button", onclick: () => box.close() }, "Close")),
      alert, el("div", { class: "c-sides" }, left.box, right.box),
      el("footer", { role: "toolbar", "aria-label": "Judge" }, votes, button("z", "Undo", undo), el("span", { class: "w-space" }),
        el("button", { class: "w-button c-step", type: "button", "aria-label": "Previous pair", onclick: () => show(open.at - 1) }, "←"), place,
        el("button", { class: "w-button c-step", type: "button", "aria-label": "Next pair", onclick: () => show(open.at + 1) }, "→"), saved));
    open = { id, name: state.name, pairs: state.pairs.map(([position, choice]) => ({ position, choice })), at: 0, cards: new Map(), left, right, seed, place, saved, alert, votes, box, cast: [] };
    for (const row of pending()) {
      const pair = row.comparison === id && open.pairs.find((one) => one.position === row.position);
      if (pair) pair.choice = row.choice === "undone" ? "" : row.choice;
    }
    box.addEventListener("close", () => { box.remove(); open = null; refresh(); });
    box.addEventListener("keydown", onKey);
    document.body.append(box);
    box.showModal();
    const first = open.pairs.findIndex((pair) => !pair.choice);
    show(first < 0 ? 0 : first);
  }

  async function load(index) {
    const { id, pairs, cards } = open;
    const pair = pairs[index];
    if (pair && !cards.has(pair.position)) cards.set(pair.position, await api(`compare/${id}/pairs/${pair.position}`));
  }

  async function show(index) {
    const now = open;
    if (index < 0 || index >= now.pairs.length) return;
    now.at = index;
    paintBar();
    const { position } = now.pairs[index];
    try { await load(index); } catch (error) { complain(error.message); return; }
    if (open !== now || now.at !== index) return;  // somebody was quicker than the network
    const card = now.cards.get(position);
    for (const name of ["left", "right"]) {
      now[name].problem.innerHTML = card[name].problem_html;
      now[name].solution.innerHTML = card[name].solution_html;
      now[name].box.scrollTop = 0;
    }
    now.seed.innerHTML = card.seed_html;
    now.alert.textContent = "";
    load(index + 1).catch(() => {});  // asked for again, and complained about, when it is needed
  }

  function paintBar() {
    if (!open) return;
    const { at, pairs, place, votes } = open;
    const judged = pairs.filter((pair) => pair.choice).length;
    place.textContent = `${number(at + 1)} of ${number(pairs.length)}`;
    place.title = `${number(judged)} judged`;
    votes.forEach((button, index) => button.setAttribute("aria-pressed", String(CHOICES[index][1] === pairs[at].choice)));
    paintSaved();
  }

  function paintSaved() {
    if (!open) return;
    const left = pending().length;
    open.saved.textContent = left ? `${left} unsaved` : "saved";
    open.saved.classList.toggle("pending", left > 0);
  }

  const complain = (text) => { if (open) open.alert.textContent = text; else showError(new Error(text)); };

  function send(position, choice) {
    keep([...pending(), { comparison: open.id, id: newId(), position, choice }]);
    flush();
  }

  function vote(choice) {
    const pair = open.pairs[open.at];
    if (!open.cards.has(pair.position)) return;  // nobody judges what they have not seen
    open.cast.push({ at: open.at, before: pair.choice });
    pair.choice = choice;
    send(pair.position, choice);
    const order = [...open.pairs.keys()].map((offset) => (open.at + 1 + offset) % open.pairs.length);
    const next = order.find((index) => !open.pairs[index].choice);
    if (next === undefined) { paintBar(); finished(); } else show(next);
  }

  function undo() {
    const last = open.cast.pop() ?? (open.pairs[open.at].choice ? { at: open.at, before: "" } : null);
    if (!last) { complain("There is no vote of yours left to undo here: go back to a pair to change it."); return; }
    const pair = open.pairs[last.at];
    pair.choice = last.before;
    send(pair.position, last.before || "undone");
    show(last.at);
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    const choice = CHOICES.find(([key]) => key === event.key);
    const act = choice ? () => vote(choice[1]) : { z: undo, ArrowLeft: () => show(open.at - 1), ArrowRight: () => show(open.at + 1) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  async function finished() {
    const { id } = open;
    while (pending().length) await new Promise((resolve) => setTimeout(resolve, 100));
    if (open && open.id === id) open.box.close();
    showTally(id);
  }

  function askTally(one) {
    if (one.judged === one.ready && one.ready) { showTally(one.id); return; }
    const box = dialog(`Tally of ${one.name}`, el("p", {}, `You have judged ${number(one.judged)} of ${number(one.ready)} pairs. The tally names what is compared: your votes after it count as not blind.`),
      el("button", { class: "w-button", type: "button", onclick: () => { box.close(); showTally(one.id); } }, "Show it all the same"));
  }

  async function showTally(id) {
    let tally;
    try { tally = await post(`compare/${id}/tally`); } catch (error) { showError(error); return; }
    const percent = (value) => `${(100 * value).toFixed(0)}%`;
    const row = (arm) => {
      const failed = Object.entries(arm.failures).map(([reason, count]) => `${number(count)} ${reason.replaceAll("_", " ")}`).join(", ");
      return el("tr", {}, el("td", {}, el("b", {}, arm.prompt), el("div", { class: "w-muted" }, `${arm.model}, temperature ${arm.temperature}`)), el("td", { class: "w-num" }, number(arm.wins)),
        el("td", { class: "w-num" }, arm.share === null ? "–" : percent(arm.share), arm.share === null ? null : el("div", { class: "w-muted" }, `${percent(arm.low)} to ${percent(arm.high)}`)), el("td", {}, failed || "none"));
    };
    const p = tally.p_value;
    const sentence = p === null ? "No pair was won by either yet." : `A split at least this uneven comes up with probability ${p < 0.001 ? "below 0.001" : p.toFixed(3)} where neither is better (exact sign test).`;
    dialog(`Tally of ${tally.name}`, el("div", { class: "w-scroll" }, el("table", { class: "w-table c-tally" },
      el("thead", {}, el("tr", {}, el("th", {}, "Prompt and model"), el("th", { class: "w-num" }, "Won"), el("th", { class: "w-num" }, "Share won, 95%"), el("th", {}, "Gave nothing"))), el("tbody", {}, row(tally.first), row(tally.second)))),
      el("p", {}, `${number(tally.judged)} of ${number(tally.pairs)} pairs judged, ${number(tally.ties)} tied (votes: ${number(tally.both_good)} both good, ${number(tally.both_bad)} both bad)${tally.open ? `, ${number(tally.open)} not answered yet` : ""}.`),
      el("p", {}, sentence),
      el("p", { class: "w-muted" }, `${number(tally.votes)} ${tally.votes === 1 ? "vote" : "votes"} of ${number(tally.reviewers)} ${tally.reviewers === 1 ? "reviewer" : "reviewers"}${tally.not_blind ? `, ${number(tally.not_blind)} of them after the tally was seen` : ", all blind"}.`));
  }
})();
