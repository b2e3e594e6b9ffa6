// Generate: one job as a panel; its nodes stay while their text follows what the job says.
window.winnowJob = (() => {
  "use strict";
  const { el, api, post, number, ago, showError, dialog } = window.winnow;
  const { bars, list, money, total } = window.winnowFailures;
  const KINDS = { failed: "w-bad", paused: "w-warn", interrupted: "w-warn", running: "g-going", stopping: "g-going" };
  const SENTENCES = {
    paused: "Paused. Resume goes on where it stopped; nothing that was answered is asked again.",
    interrupted: "Its process was killed. Resume asks for what has no answer yet; what was under way may have been paid for.",
    cancelled: "Cancelled. What arrived is kept; Resume goes on with the rest.",
    stopping: "Stopping: what is under way is waited for, as it is paid for.",
  };
  const FIGURES = [
    ["arrived", "arrived"], ["failed", "failed"], ["yielded", "yield", "Share of the answers that gave what was asked for: parsed / asked"],
    ["rate", "a minute", "What was asked for and arrived, over the last minute"], ["speed", "tokens/s", "Completion tokens, over the last minute"],
    ["cost", "cost"], ["left", "to finish", "At the speed of the last minute"], ["active", "at once", "Requests under way, of those allowed now: fewer when the endpoint limits the rate"],
  ];
  const LIMITS = [
    ["concurrency", "At once", 1], ["requests_per_minute", "Requests per minute"], ["tokens_per_minute", "Tokens per minute"], ["max_cost", "Cap, US dollars"],
    ["resend_unknown", "Send again when the outcome is unknown (up to)", 0],
  ];

  function set(node, text) { if (node.textContent !== text) node.textContent = text; }

  function duration(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) if (seconds >= 1.5 * size) return `${Math.round(seconds / size)} ${unit}`;
    return `${Math.max(1, Math.round(seconds))} s`;
  }

  function share(job) {
    const asked = job.gave + failures(job);
    return asked ? `${Math.round((100 * job.gave) / asked)}%` : "–";
  }
  const failures = (job) => Object.values(job.reasons).reduce((sum, states) => sum + total(states), 0);

  const cost = (job) => (job.free ? "none" : job.priced ? money(job.cost) : "unknown");
  const uncertain = (job) => (job.priced && job.unpriced && job.at_most ? `up to ${money(job.at_most)} uncertain: ${number(job.unpriced)} ${job.unpriced === 1 ? "try" : "tries"} may have been paid for.` : "");

  // What is in the ledger counts where the job could not say so any more.
  const settled = (job) => Math.max(job.done ?? 0, job.gave + failures(job));
  const shareDone = (job) => (job.total && job.phase !== "fetching model" ? Math.min(1, settled(job) / job.total) : job.share ?? 0);

  function amount(job) {
    const { done, total: all, phase } = job;
    if (!all) return "";
    if (phase === "fetching model") return `${number(done / 1e6)} of ${number(all / 1e6)} MB`;
    return `${number(Math.min(settled(job), all))} of ${number(all)}`;
  }

  function stateOf(job) {
    if (job.state !== "running") return job.state;
    return job.phase === "done" ? "finishing" : job.phase || "starting";
  }

  function figuresOf(job) {
    const { progress, running } = job;
    return {
      arrived: number(job.gave), failed: number(failures(job)), yielded: share(job), cost: cost(job),
      rate: running ? number(progress.samples_per_minute ?? null, 1) : null, speed: running ? number(progress.tokens_per_second ?? null, 1) : null,
      left: running ? duration(progress.eta_seconds) : null, active: running && progress.allowed !== undefined ? `${progress.active} of ${progress.allowed}` : null,
    };
  }

  function summary(job) {
    const price = cost(job);
    return [failures(job) || job.gave ? `yield ${share(job)}` : "", price === "none" ? "" : `cost ${price}`].filter(Boolean).join(" · ");
  }

  function button(label, onclick, kind = "") { return el("button", { class: `w-button ${kind}`, type: "button", hidden: true, onclick }, label); }

  // `host` is told what was chosen and asked to look again: { toggle(id), choose(id, reason), look() }.
  function jobView(first, host) {
    let job = first;
    const name = el("b"), about = el("span", { class: "g-about" }), state = el("span", { class: "w-tag" }), far = el("span", { class: "g-far" }), short = el("span", { class: "g-short" });
    const toggle = el("button", { class: "g-toggle", type: "button", "aria-expanded": "false", onclick: () => host.toggle(job.id) }, el("span", { class: "g-arrow", "aria-hidden": "true" }), name, about);
    const act = (what, path) => async (event) => {
      const pressed = event.currentTarget;
      pressed.disabled = true;
      try { await post(path(job.id), {}); } catch (error) { showError(error); }
      await host.look();
      pressed.disabled = false;
    };
    const pause = button("Pause", act("pause", (id) => `generate/jobs/${id}/pause`));
    const cancel = button("Cancel", act("cancel", (id) => `jobs/${id}/cancel`));
    const resume = button("Resume", act("resume", (id) => `generate/jobs/${id}/resume`), "w-primary");
    const limits = button("Other limits…", () => askLimits(job, host));
    const fill = el("i");
    const progress = el("div", { class: "w-progress", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
    const sentence = el("p", { class: "g-sentence" });
    const cells = Object.fromEntries(FIGURES.map(([key, label, title]) => { const value = el("b"); return [key, { value, cell: el("div", { title }, value, el("span", {}, label)) }]; }));
    const note = el("span"), prices = el("span", {}, el("span"), el("a", { href: "/settings#prices" }, "Set it for the next ones"));
    const doubt = el("p", { class: "w-muted" }, note, " ", prices);
    const reasons = bars((reason) => host.choose(job.id, reason));
    const failed = list({ close: () => host.choose(job.id, ""), retried: () => { host.choose(job.id, ""); host.look(); } });
    const why = el("section", { class: "g-why", "aria-label": "Failures" }, el("div", {}, el("h2", {}, "Failed, by reason"), reasons.node), failed.node);
    const body = el("div", { class: "g-body" }, el("div", { class: "w-figures" }, Object.values(cells).map(({ cell }) => cell)), doubt, why);
    const node = el("article", { class: "w-panel g-job" }, el("div", { class: "g-line" }, toggle, state, far, short, el("span", { class: "w-space" }), pause, resume, limits, cancel), progress, sentence, body);

    function update(now, { open, reason }) {
      job = now;
      set(name, now.title);
      const made = new Date(now.created_at * 1000);
      set(about, [now.model, now.prompt, ago(now.created_at)].filter(Boolean).join(" · "));
      about.title = `${now.id}: ${now.model} at ${now.endpoint}, ${made.toLocaleString()}`;
      set(state, stateOf(now));
      state.className = `w-tag ${KINDS[now.state] ?? ""}`;
      set(far, amount(now));
      set(short, open ? "" : summary(now));
      pause.hidden = !now.pausable;
      cancel.hidden = !(now.running || now.state === "paused" || now.state === "interrupted");
      if (now.state === "stopping") cancel.hidden = true;
      resume.hidden = limits.hidden = !now.resumable;
      progress.hidden = now.state === "done";
      fill.style.width = `${100 * shareDone(now)}%`;
      progress.setAttribute("aria-label", `${now.title}: ${amount(now) || "not begun"}`);
      progress.setAttribute("aria-valuenow", String(Math.round(100 * shareDone(now))));
      set(sentence, now.error || (open || now.state === "interrupted" ? SENTENCES[now.state] ?? "" : ""));
      sentence.className = `g-sentence ${now.error ? KINDS[now.state] ?? "" : "w-muted"}`;
      sentence.hidden = !sentence.textContent;
      toggle.setAttribute("aria-expanded", String(open));
      body.hidden = !open;
      if (open) paintBody(now, reason);
    }

    function paintBody(now, reason) {
      for (const [key, value] of Object.entries(figuresOf(now))) {
        cells[key].cell.hidden = value === null;
        if (value !== null) set(cells[key].value, value);
      }
      const reused = now.progress.reused ? `${number(now.progress.reused)} more were answered, or are being asked, in other jobs.` : "";
      const priceless = !now.priced;
      set(note, [uncertain(now), reused].filter(Boolean).join(" "));
      prices.hidden = !priceless;
      if (priceless) set(prices.firstChild, `What this cost is unknown: ${now.model || "the model"} had no price when the job was started. `);
      doubt.hidden = !note.textContent && !priceless;
      why.hidden = !Object.keys(now.reasons).length;
      why.classList.toggle("open", Boolean(reason));
      reasons.update(now.reasons, reason);
      failed.update(now, reason);
    }

    update(first, { open: false, reason: "" });
    return { node, update };
  }

  // Resume with other limits: a cap that was reached is raised here.
  async function askLimits(job, host) {
    let now;
    try { now = await api(`generate/jobs/${job.id}/limits`); } catch (error) { showError(error); return; }
    const fields = LIMITS.map(([key, label, least]) => {
      const input = el("input", { type: "number", min: least ?? 0, step: "any", value: now[key] ?? "", placeholder: "no limit", required: least !== undefined });
      return { key, input, node: el("label", {}, el("span", {}, label), input) };
    });
    const go = el("button", { class: "w-button w-primary", type: "submit" }, "Resume with these");
    const form = el("form", { class: "g-limits-form", onsubmit: async (event) => {
      event.preventDefault();
      const values = Object.fromEntries(fields.map(({ key, input }) => [key, input.value.trim() === "" ? null : Number(input.value)]));
      go.disabled = true;
      try { await post(`generate/jobs/${job.id}/resume`, { limits: values }); box.close(); await host.look(); }
      catch (error) { said.textContent = error.message; go.disabled = false; }
    } }, fields.map(({ node }) => node), go);
    const said = el("p", { class: "w-bad", role: "alert" });
    const box = dialog("Resume with other limits", el("p", { class: "w-muted" }, "An empty field is no limit. The cap counts what the job has cost so far."), form, said);
  }

  return { jobView };
})();
