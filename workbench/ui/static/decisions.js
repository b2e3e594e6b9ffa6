// Decisions on their way to the database: kept in the browser until the server has committed them.
(() => {
  "use strict";
  const STORE = "winnow-pending";
  const RETRY_MS = 2000;
  const listeners = [];
  let sending = false;

  // `randomUUID` is there on https and on this machine only, not on a plain http address of a network.
  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const pending = () => JSON.parse(localStorage.getItem(STORE) || "[]");
  const keep = (rows) => localStorage.setItem(STORE, JSON.stringify(rows));
  const tell = (change) => { for (const listener of listeners) listener(pending().length, change); };

  // Returns at once: the decision is in the browser's storage, and so survives a reload or a crash.
  function decide(sampleId, verdict, undoes = null) {
    const decision = { id: newId(), sample_id: sampleId, verdict, undoes };
    keep([...pending(), decision]);
    tell({});
    flush();
    return decision;
  }

  async function flush() {
    if (sending) return;
    sending = true;
    try {
      while (pending().length) await sendFirst();
    } finally {
      sending = false;
      tell({});
    }
  }

  // In order, one at a time: an undo must follow what it undoes. The server saves an id only once.
  async function sendFirst() {
    const [first] = pending();
    let response;
    try {
      response = await fetch("/api/review/decisions", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(first) });
      if (response.status >= 500) throw new Error();
    } catch {
      tell({ waiting: true });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      return;
    }
    const answer = await response.json().catch(() => ({}));
    keep(pending().filter((row) => row.id !== first.id));
    if (response.ok) tell({ saved: first, verdict: answer.verdict });
    else tell({ refused: first, error: answer.error || `The workbench answered ${response.status} to a decision.` });
  }

  window.winnowDecisions = { decide, flush, onChange: (listener) => listeners.push(listener), count: () => pending().length };
})();
