// Follow the log: stay at the end while the reader is there, and stay put when the reader has scrolled up.

import { startLive } from "../../live.js";

const END_PX = 24;
const lines = () => document.querySelector(".log.tall");

function isAtEnd(log) {
  return log !== null && log.scrollHeight - log.scrollTop - log.clientHeight < END_PX;
}

function scrollToEnd(log) {
  if (log) log.scrollTop = log.scrollHeight;
}

scrollToEnd(lines());
startLive((apply) => {
  const follow = isAtEnd(lines());
  apply();
  if (follow) scrollToEnd(lines());
});
