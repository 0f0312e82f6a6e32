"use strict";
// Everything that comes from a job, a project or a configuration is put in as text, never as markup.

const STATUS_EVERY = 2000;
const LOG_EVERY = 1000;
// Of a longer log the end is shown; the whole is in GitLab and on the runner's disk.
const LOG_SHOWN = 512 * 1024;
const LINES_SHOWN = 6000;

const $ = id => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function duration(seconds) {
  const s = Math.max(0, seconds);
  if (s < 10) return s.toFixed(1) + " s";
  if (s < 60) return Math.round(s) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + String(Math.floor(s % 60)).padStart(2, "0") + " s";
  return Math.floor(s / 3600) + " h " + String(Math.floor(s % 3600 / 60)).padStart(2, "0") + " min";
}

function ago(from, now) {
  const s = (now - from) / 1000;
  if (s < 60) return "just now";
  if (s < 3600) return Math.floor(s / 60) + " min ago";
  if (s < 86400) return Math.floor(s / 3600) + " h ago";
  return Math.floor(s / 86400) + " d ago";
}

const keyOf = job => job.runner + "." + job.id;
const time = text => Date.parse(text);

function result(job) {
  if (!job.result) return ["running", job.doing.replaceAll("_", " ")];
  if (job.result === "success") return ["good", "passed"];
  if (job.result === "failed") return ["bad", "failed"];
  return ["", job.result === "over" ? "canceled" : job.result];
}

function facts(list, pairs) {
  list.replaceChildren(...pairs.filter(pair => pair[1] !== "").map(([name, value]) => {
    const box = make("div");
    box.append(make("dt", "", name), make("dd", "", value));
    return box;
  }));
}

function jobRow(job, now) {
  const row = make("a", "job");
  row.href = "#" + encodeURIComponent(keyOf(job));
  const [kind, word] = result(job);
  row.append(make("span", "pill " + kind, job.result ? word : "running"));
  const what = make("div", "what");
  what.append(make("div", "name", job.name || "job " + job.id));
  what.append(make("div", "project", (job.project || "project " + job.project_id) + " #" + job.id));
  row.append(what);
  row.append(make("div", "lane", job.result ? job.failure_reason.replaceAll("_", " ") : word));
  const end = job.ended ? time(job.ended) : now;
  row.append(make("div", "took", duration((end - time(job.accepted)) / 1000)));
  row.append(make("div", "when", job.ended ? ago(time(job.ended), now) : job.lane));
  return row;
}

function jobList(element, jobs, now, none) {
  element.replaceChildren(...(jobs.length ? jobs.map(job => jobRow(job, now)) : [make("p", "empty", none)]));
}

function runnerRow(runner) {
  const row = make("div", "runner");
  row.append(make("div", "name", runner.name || runner.runner), make("div", "soft url", runner.url),
      make("div", "soft", "lane: " + runner.lane), make("div", "soft limit", runner.limit ? "limit " + runner.limit : "no limit"));
  for (const lane of runner.lanes) {
    if (lane.state === "closed") {
      row.append(make("div", "closed", "lane " + lane.lane + " is closed: " + lane.reason));
    }
  }
  return row;
}

function show(status) {
  const now = time(status.now);
  const bad = status.troubles.length > 0;
  $("version").textContent = status.service.version;
  $("health").className = "pill " + (bad ? "bad" : "good");
  $("health").textContent = bad ? "needs attention" : "healthy";
  $("troubles").hidden = !bad;
  $("troubles").replaceChildren(...status.troubles.map(trouble =>
      make("li", "", trouble.about + ": " + trouble.what + " (" + ago(time(trouble.since), now) + ")")));
  const passed = status.ended.filter(job => job.result === "success").length;
  facts($("facts"), [
    ["Running", status.running.length + " of " + status.service.concurrent],
    ["Runners", String(status.runners.length)],
    ["Last jobs passed", status.ended.length ? passed + " of " + status.ended.length : "–"],
    ["Up for", duration((now - time(status.service.started)) / 1000)],
  ]);
  jobList($("running"), status.running, now, "No job runs now.");
  jobList($("ended"), status.ended, now, "No job has ended yet.");
  $("runners").replaceChildren(...(status.runners.length ? status.runners.map(runnerRow)
      : [make("p", "empty", "No runner is configured. Add one with: armrunner register")]));
  $("updated").textContent = "· updated " + new Date(now).toLocaleTimeString();
  showJob(status, now);
}

// ---- one job

let opened = null;

function open(key) {
  opened = key ? { key, offset: -1, lines: new LogLines($("log")), missing: 0 } : null;
  $("log").replaceChildren();
  $("job-note").hidden = true;
  $("job").hidden = !key;
  $("overview").hidden = Boolean(key);
  if (key) readLog();
}

function showJob(status, now) {
  if (!opened) return;
  const job = [...status.running, ...status.ended].find(each => keyOf(each) === opened.key);
  if (!job) {
    $("job-title").textContent = "Job " + opened.key;
    note("This job is not in the books any more.");
    return;
  }
  opened.running = !job.result;
  const [kind, word] = result(job);
  $("job-title").replaceChildren(make("span", "pill " + kind, word), document.createTextNode(" " + (job.name || "job " + job.id)));
  const end = job.ended ? time(job.ended) : now;
  $("job-place").textContent = (job.project || "project " + job.project_id) + " #" + job.id;
  $("job-link").hidden = !/^https?:\/\//.test(job.url);
  if (!$("job-link").hidden) $("job-link").href = job.url;
  facts($("job-facts"), [
    ["Stage", job.stage],
    ["Took", duration((end - time(job.accepted)) / 1000)],
    ["Script after", job.script ? duration((time(job.script) - time(job.accepted)) / 1000) : ""],
    ["In the queue", duration(job.queued_s)],
    ["Failure", job.failure_reason ? job.failure_reason.replaceAll("_", " ") + (job.exit_code ? ", exit code " + job.exit_code : "") : ""],
    ["Runner", job.runner_name || job.runner],
    ["Lane", job.lane],
  ]);
  if (!status.logs) note("Logs are shown at an address of this machine only. status_logs = true in config.toml shows them here too.");
}

function note(text) {
  $("job-note").textContent = text;
  $("job-note").hidden = false;
}

async function readLog() {
  const mine = opened;
  if (!mine || document.hidden) return later(mine);
  const url = "api/jobs/" + encodeURIComponent(mine.key) + "/log";
  try {
    if (mine.offset < 0) {
      const head = await fetch(url + "?offset=0", { method: "HEAD" });
      if (!head.ok) return later(mine, head.status);
      const length = Number(head.headers.get("X-Log-Length"));
      mine.offset = Math.max(0, length - LOG_SHOWN);
      mine.lines.skip = mine.offset > 0;
      if (mine.offset > 0) note("This log is long: only its end is shown here.");
    }
    const reply = await fetch(url + "?offset=" + mine.offset);
    if (!reply.ok) return later(mine, reply.status);
    const bytes = new Uint8Array(await reply.arrayBuffer());
    if (opened !== mine) return;
    mine.missing = 0;
    if (Number(reply.headers.get("X-Log-Offset")) > mine.offset) mine.lines.gap();
    mine.offset = Number(reply.headers.get("X-Log-End"));
    const follow = $("follow").checked;
    mine.lines.add(bytes);
    if (follow && bytes.length) $("log").scrollTop = $("log").scrollHeight;
    if (bytes.length) return readLog();
  } catch (failure) {
    return later(mine, -1);
  }
  later(mine);
}

function later(mine, status) {
  if (!mine || opened !== mine) return;
  // A job that has just begun or ended has no log for a moment.
  if (status === 404 && ++mine.missing === 5) note("The log is not there (any more).");
  if (status !== 403 && mine.missing < 5) setTimeout(() => { if (opened === mine) readLog(); }, LOG_EVERY);
}

// A log's bytes to lines: without stamps, pieces of long lines joined, section marks left out, colours as classes.
class LogLines {
  constructor(target) {
    this.target = target;
    this.decoder = new TextDecoder();
    this.rest = "";
    this.skip = false;
    this.last = {};
  }

  gap() {
    this.rest = "";
    this.line("… some bytes are not kept …", "");
    this.skip = true;
  }

  add(bytes) {
    const pieces = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = pieces.pop();
    const batch = document.createDocumentFragment();
    for (const piece of pieces) {
      if (this.skip) this.skip = false;
      else this.piece(piece, batch);
    }
    this.target.append(batch);
    while (this.target.childElementCount > LINES_SHOWN) this.target.firstElementChild.remove();
  }

  piece(text, batch) {
    const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (\w\w[OE])([ +])/.exec(text);
    if (!stamp) return this.line(text, "", batch);
    const body = text.slice(32);
    if (stamp[2] === "+" && this.last[stamp[1]]) {
      const known = this.last[stamp[1]];
      known.text += body;
      this.paint(known);
    } else {
      this.line(body, stamp[1], batch);
    }
  }

  line(text, stream, batch) {
    const line = { element: make("span", "line"), text };
    this.last[stream] = line;
    this.paint(line);
    (batch || this.target).append(line.element);
  }

  paint(line) {
    let text = line.text.replace(/section_(start|end):\d+:[^\r\n]*?(\r|$)(\x1b\[0K)?/g, "");
    const marked = text !== line.text;
    text = text.replace(/\r+$/, "");
    text = text.slice(text.lastIndexOf("\r") + 1);
    line.element.hidden = marked && text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "") === "";
    const parts = [];
    let style = "";
    let at = 0;
    const codes = /\x1b\[([0-9;]*)([A-Za-z])/g;
    for (let code = codes.exec(text); code; code = codes.exec(text)) {
      if (code.index > at) parts.push(make("span", style, text.slice(at, code.index)));
      if (code[2] === "m") style = styled(style, code[1]);
      at = code.index + code[0].length;
    }
    if (at < text.length) parts.push(make("span", style, text.slice(at)));
    line.element.replaceChildren(...parts);
  }
}

function styled(before, codes) {
  let classes = new Set(before.split(" ").filter(Boolean));
  for (const code of codes.split(";").map(Number)) {
    if (code === 0) classes = new Set();
    else if (code === 1) classes.add("b");
    else if (code === 4) classes.add("u");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97) || code === 39) {
      classes = new Set([...classes].filter(each => !/^c\d$/.test(each)));
      if (code !== 39) classes.add("c" + code % 10);
    }
  }
  return [...classes].join(" ");
}

// ---- the rounds

let last = null;

async function round() {
  if (!document.hidden) {
    try {
      const reply = await fetch("api/status");
      if (!reply.ok) throw new Error("status " + reply.status);
      last = await reply.json();
      show(last);
    } catch (failure) {
      $("health").className = "pill bad";
      $("health").textContent = "not reachable";
    }
  }
  setTimeout(round, STATUS_EVERY);
}

function turn() {
  open(decodeURIComponent(location.hash.slice(1)));
  if (last) show(last);
}

addEventListener("hashchange", turn);
document.addEventListener("visibilitychange", () => { if (!document.hidden && opened && last) show(last); });
turn();
round();
