// A list of the runs, until the page is there.
"use strict";
fetch("api/overview").then((answer) => answer.json()).then((overview) => {
  const body = document.querySelector("#runs tbody");
  for (const run of overview.runs) {
    const row = body.insertRow();
    for (const value of [run.name, run.status, run.epoch, run.score]) {
      row.insertCell().textContent = value === null ? "" : String(value);
    }
  }
});
