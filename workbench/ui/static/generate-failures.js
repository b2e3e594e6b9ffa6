// Generate: what failed in a job, by reason, each failure down to the raw answer.
window.winnowFailures = (() => {
  "use strict";
  const { el, api, post, number, ago, showError, dialog } = window.winnow;
  const words = (reason) => reason.replaceAll("_", " ").replace(/\bjson\b/, "JSON");
  const total = (states) => Object.values(states).reduce((sum, count) => sum + count, 0);

  const money = (value) => (value === null || value === undefined ? "unknown" : value === 0 ? "$0" : `$${value.toFixed(value >= 0.1 ? 2 : value >= 0.0001 ? 4 : 6)}`);
  const when = (time) => { const date = new Date(time); return el("span", { title: date.toLocaleString() }, ago(date / 1000)); };
  // A sign that turns the reading direction is shown, not obeyed: it would make one word look like another.
  const plain = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
  const firstLine = (text) => (text || "").trim().split("\n")[0];

  function copyButton(text, label = "Copy") {
    const button = el("button", { class: "w-button", type: "button", onclick: async () => {
      try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; }
      catch { button.textContent = "The browser refuses: select and copy"; }
    } }, label);
    return button;
  }

  // One bar for each reason; a button that stays the same node while its count changes.
  function bars(choose) {
    const node = el("div", { class: "w-bars", role: "list", "aria-label": "Failures by reason" });
    const rows = new Map();
    function row(reason) {
      const fill = el("i", { class: "bad" });
      const count = el("span");
      const button = el("button", { class: "w-row", type: "button", title: `Show those with: ${words(reason)}`, onclick: () => choose(reason) }, el("span", {}, words(reason)), fill, count);
      const item = el("div", { role: "listitem" }, button);
      return { item, button, fill, count };
    }
    function update(reasons, chosen) {
      const names = Object.keys(reasons).sort((one, other) => total(reasons[other]) - total(reasons[one]) || one.localeCompare(other));
      const most = Math.max(1, ...names.map((name) => total(reasons[name])));
      for (const [name, shown] of rows) if (!reasons[name]) { shown.item.remove(); rows.delete(name); }
      // Most first, but never moved from under a pointer.
      if (!node.matches(":hover, :focus-within")) node.append(...names.filter((name) => rows.has(name)).map((name) => rows.get(name).item));
      for (const name of names) {
        if (!rows.has(name)) { rows.set(name, row(name)); node.append(rows.get(name).item); }
        const { button, fill, count } = rows.get(name);
        fill.style.width = `${(100 * total(reasons[name])) / most}%`;
        count.textContent = number(total(reasons[name]));
        button.setAttribute("aria-pressed", String(name === chosen));
      }
    }
    return { node, update };
  }

  // What asking again does, in the words of what these failures are.
  function explain(states) {
    const sent = states.failed ?? 0, unknown = states.unknown ?? 0, answered = states.answered ?? 0;
    return [
      sent ? `${number(sent)} had no answer and ${sent === 1 ? "is" : "are"} sent again.` : "",
      unknown ? `Of ${number(unknown)} it is unknown whether they were paid for: sent again, they may be paid for twice.` : "",
      answered ? `${number(answered)} gave an answer of no use: asked for in a new attempt, which is paid for, at temperature 0.7 where it was 0.` : "",
    ].filter(Boolean).join(" ");
  }

  // The failures of one job with one reason, a page at a time.
  function list({ close, retried }) {
    const title = el("h2");
    const text = el("p", { class: "w-muted" });
    const again = el("button", { class: "w-button", type: "button", onclick: askAgain }, "Ask these again");
    const body = el("tbody");
    const head = ["Seed", "First line", "Attempt", "When", "Cost"].map((name, index) => el("th", { scope: "col", class: index > 1 ? "w-num" : null }, name));
    const more = el("button", { class: "w-button", type: "button", hidden: true, onclick: () => read(rows.at(-1)?.key ?? "") }, "50 more");
    const fresh = el("button", { class: "w-button", type: "button", hidden: true, onclick: () => load() });
    const note = el("p", { class: "w-muted", role: "status" });
    const node = el("section", { class: "g-failed", hidden: true, "aria-label": "Failures with this reason" },
      el("div", { class: "g-line" }, title, el("span", { class: "w-space" }), again, el("button", { class: "w-button", type: "button", onclick: close }, "Close")),
      text, el("div", { class: "w-scroll" }, el("table", { class: "w-table g-table" }, el("thead", {}, el("tr", {}, head)), body)), el("div", { class: "g-line" }, more, fresh, note));
    let job = null, reason = "", rows = [], turn = 0, counted = 0;

    async function read(after) {
      const mine = ++turn;
      note.textContent = "Loading…";
      try {
        const answer = await api(`generate/jobs/${encodeURIComponent(job.id)}/failures?${new URLSearchParams({ reason, after })}`);
        if (mine !== turn) return;
        rows = after ? [...rows, ...answer.rows] : answer.rows;
        if (!after) body.replaceChildren();
        body.append(...answer.rows.map(line));
        more.hidden = !answer.more;
        fresh.hidden = true;
        counted = total(job.reasons[reason] ?? {});
        note.textContent = rows.length ? "" : "None is left with this reason.";
      } catch (error) { if (mine === turn) { note.textContent = "They could not be read."; showError(error); } }
    }
    const load = () => read("");

    function line(row) {
      const place = row.path ? `${row.repository} · ${row.path}` : row.seed_id;
      const open = el("button", { class: "g-open", type: "button", title: place, onclick: () => showRequest(row.key, words(row.reason)) }, row.path || row.seed_id);
      return el("tr", { onclick: (event) => { if (!event.target.closest("button")) open.click(); } }, el("td", {}, open), el("td", { class: "g-code", title: firstLine(row.start) }, firstLine(row.start)),
        el("td", { class: "w-num" }, number(row.attempt + 1)), el("td", { class: "w-num" }, when(row.received_at)), el("td", { class: "w-num" }, money(row.cost)));
    }

    async function askAgain() {
      again.disabled = true;
      again.textContent = "Starting…";
      try {
        await post(`generate/jobs/${encodeURIComponent(job.id)}/resume`, { retry: [reason] });
        retried();
      } catch (error) { showError(error); }
      again.textContent = "Ask these again";
      update(job, reason);
    }

    function update(now, chosen) {
      const changed = !job || job.id !== now.id || reason !== chosen;
      job = now;
      reason = chosen;
      node.hidden = !chosen;
      if (!chosen) { job = null; return; }
      const states = now.reasons[chosen] ?? {};
      const count = total(states);
      title.textContent = `${words(chosen)}: ${number(count)}`;
      text.textContent = now.running ? "They can be asked again when the job has ended." : count ? explain(states) : "";
      again.disabled = now.running || !count;
      if (changed) { rows = []; body.replaceChildren(); load(); }
      else if (count !== counted && rows.length) { fresh.hidden = false; fresh.textContent = `Now ${number(count)}: read again`; }
    }
    return { node, update };
  }

  // A request in a dialog: what was asked about, and everything that came back, as text.

  function part(title, ...content) { return el("section", {}, el("h3", {}, title), ...content); }

  function textOf(raw) {
    try {
      const content = JSON.parse(raw).choices?.[0]?.message?.content;
      return typeof content === "string" ? content : "";
    } catch { return ""; }
  }

  function block(text, label) { return el("pre", { tabindex: "0", "aria-label": label }, text); }

  function answerPart(answer, index, count) {
    const name = count > 1 ? `Answer ${count - index} of ${count}` : "Answer";
    const tokens = `${number(answer.prompt_tokens)} + ${number(answer.completion_tokens)} tokens`;
    const facts = [answer.outcome && words(answer.outcome), answer.seconds !== null && `${answer.seconds.toFixed(1)} s`, tokens, `cost ${money(answer.cost)}`,
      answer.cost === null && answer.reserved !== null ? `at most ${money(answer.reserved)}` : ""].filter(Boolean).join(" · ");
    const written = textOf(answer.raw);
    const cut = answer.characters > answer.raw.length ? `The first ${number(answer.raw.length)} of ${number(answer.characters)} characters.` : "";
    return part(name, el("p", { class: "w-muted" }, facts, " · ", when(answer.received_at)),
      written ? [el("h4", {}, "What the model wrote"), block(plain(written), "What the model wrote")] : [],
      el("div", { class: "g-line" }, el("h4", {}, "As received"), el("span", { class: "w-space" }), answer.raw ? copyButton(answer.raw) : null),
      answer.raw ? block(answer.raw, "The raw answer") : el("p", { class: "w-muted" }, "Nothing came back."), cut ? el("p", { class: "w-muted" }, cut) : null);
  }

  function pretty(text) { try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return String(text); } }

  async function showRequest(key, title) {
    const content = el("div", { class: "g-request", "aria-live": "polite" }, el("p", { class: "w-muted" }, "Loading…"));
    const box = dialog(`Failed: ${title}`, content);
    try {
      const { request, answers, seed } = await api(`generate/requests/${encodeURIComponent(key)}`);
      const place = seed ? `${seed.repository} · ${seed.path}, lines ${seed.first_line} to ${seed.last_line}` : "The seed is not in this workspace.";
      content.replaceChildren(
        ...(answers.length ? answers.map((answer, index) => answerPart(answer, index, answers.length)) : [el("p", { class: "w-muted" }, "No answer is kept of it.")]),
        part("Seed", el("p", { class: "w-muted" }, place), seed ? block(plain(seed.snippet), "The seed") : ""),
        part("Request", el("p", { class: "w-muted" }, `${request.model} at ${request.endpoint} · task ${request.task} · attempt ${request.attempt + 1} · prompt ${request.prompt_id.slice(0, 8)}`),
          block(pretty(request.parameters), "Parameters")));
    } catch (error) { box.close(); showError(error); }
  }

  return { bars, list, money, total, words };
})();
