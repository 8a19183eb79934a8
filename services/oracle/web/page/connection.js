// The WebSocket. It reconnects by itself and asks only for what it missed.

const SLOWEST_MS = 5000;

export function connect(onMessage, onLost) {
  let stream = "";
  let sequence = 0;
  let waitMs = 500;

  function open() {
    const url = new URL("ws/mempool", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    if (stream) url.search = new URLSearchParams({ stream, after: sequence });
    const socket = new WebSocket(url);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      ({ stream, sequence } = message);
      waitMs = 500;
      onMessage(message);
    };
    socket.onclose = () => {
      onLost();
      setTimeout(open, waitMs);
      waitMs = Math.min(SLOWEST_MS, waitMs * 2);
    };
  }
  open();
}
