// The WebSocket. It reconnects by itself, also when it falls silent, and asks only for what it missed.

// As ORACLE_PAGE in services/nodeclients/links.py.
const SILENT_MS = 5000; // ten messages late; a connection that is cut without a word stays open for hours
const FIRST_MS = 500;
const SLOWEST_MS = 5000;

export function connect(onMessage, onLost) {
  let stream = "";
  let sequence = 0;
  let waitMs = FIRST_MS;

  function open() {
    const url = new URL("ws/mempool", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    if (stream) url.search = new URLSearchParams({ stream, after: sequence });
    const socket = new WebSocket(url);
    let silence = setTimeout(lost, SILENT_MS);

    function lost() {
      clearTimeout(silence);
      socket.onmessage = socket.onclose = null; // the browser may report the end of a dead connection minutes later
      socket.close();
      onLost();
      setTimeout(open, waitMs * (0.5 + Math.random() / 2)); // pages do not return in step
      waitMs = Math.min(SLOWEST_MS, waitMs * 2);
    }

    socket.onclose = lost;
    socket.onmessage = ({ data }) => {
      clearTimeout(silence);
      silence = setTimeout(lost, SILENT_MS);
      const message = JSON.parse(data);
      ({ stream, sequence } = message);
      waitMs = FIRST_MS;
      onMessage(message);
    };
  }
  open();
}
