"use strict";

function show(id, text) {
  document.getElementById(id).textContent = text;
}

async function ask(id, path, read) {
  try {
    const answer = await fetch(path);
    show(id, answer.ok ? read(await answer.json()) : `answers ${answer.status}`);
  } catch (error) {
    show(id, "does not answer");
  }
}

ask("api", "/api/v1/server", (body) => body.server);
ask("store", "/api/v1/health", (body) => body.store);

const socket = new WebSocket(`wss://${location.host}/api/v1/ws/echo`);
socket.onopen = () => socket.send("open");
socket.onmessage = (message) => show("socket", message.data);
socket.onerror = () => show("socket", "does not answer");
