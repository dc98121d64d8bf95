/*
 * Live: the socket that says what changed, polling where sockets fail, and the pill that says which of them it is.
 */

import { setConnection } from "../shell.js";

const heartbeat = 10_000;
const pollEvery = 4_000;
const lookAnyway = 30_000;
const openWithin = 10_000;

/**
 * Keeps the page live. `onChanged(list)` gets [{id, version}], or null for "look at everything";
 * `onPresence(message)` where a colleague is; `onCustomer(message)` whether the customer of the open conversation writes;
 * `place()` says where this person is: {conversation, state}.
 */
export function startLive({ onChanged, onPresence, onCustomer, place }) {
  let socket = null;
  let failures = 0;
  let lastLook = performance.now();
  let retry = 0;
  let deadline = 0;

  const say = () => {
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: "here", ...place() }));
    }
  };

  const look = () => {
    lastLook = performance.now();
    onChanged(null);
  };

  const connect = () => {
    clearTimeout(retry);
    if (socket && socket.readyState <= WebSocket.OPEN) {
      return;
    }
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/workspace/`);
    // Something between may take the connection and never answer; the browser alone would wait for minutes.
    const opening = socket;
    deadline = setTimeout(() => opening.close(), openWithin);
    socket.addEventListener("open", () => {
      clearTimeout(deadline);
      failures = 0;
      setConnection("live", "Live");
      say();
      look();
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "changed") {
        onChanged(message.conversations);
      } else if (message.type === "presence") {
        onPresence(message);
      } else if (message.type === "customer") {
        onCustomer(message);
      }
    });
    socket.addEventListener("close", () => {
      clearTimeout(deadline);
      failures += 1;
      setConnection(navigator.onLine ? "polling" : "offline", navigator.onLine ? "Every 4 s" : "Offline");
      retry = setTimeout(connect, Math.min(30_000, 500 * 2 ** Math.min(failures, 6)) * (0.7 + Math.random() * 0.6));
    });
  };

  setConnection("connecting", "Connecting…");
  connect();
  setInterval(say, heartbeat);
  setInterval(() => {
    const isLive = socket?.readyState === WebSocket.OPEN;
    if (!document.hidden && performance.now() - lastLook >= (isLive ? lookAnyway : pollEvery) - 500) {
      look();
    }
  }, 2_000);
  window.addEventListener("online", connect);
  window.addEventListener("offline", () => setConnection("offline", "Offline"));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      connect();
      look();
    }
  });
  return { say };
}
