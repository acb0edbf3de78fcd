/**
 * A long way to a server, as a proxy: every byte comes later by half a round trip, and no more bytes are on their way in one connection than
 * its window holds. So one connection brings a window each round trip and not more, as over a real distance.
 * Usage: node long-way.ts TARGET_PORT ROUND_TRIP_MS WINDOW_BYTES; prints its port.
 */
import net from 'node:net';

const [target = 0, roundTripMs = 0, window = 0] = process.argv.slice(2).map(Number);

/** Passes everything on after a while; `from` is paused while the window is full of what has not been acknowledged yet. */
function delay(from: net.Socket, to: net.Socket): void {
  let onTheWay = 0;
  from.on('data', (bytes) => {
    onTheWay += bytes.length;
    if (onTheWay >= window) from.pause();
    setTimeout(() => to.write(bytes), roundTripMs / 2);
    // The acknowledgement takes the other half.
    setTimeout(() => {
      onTheWay -= bytes.length;
      if (onTheWay < window) from.resume();
    }, roundTripMs);
  });
  from.on('end', () => setTimeout(() => to.end(), roundTripMs / 2));
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}

const server = net.createServer({ noDelay: true }, (near) => {
  const far = net.connect({ port: target, host: '127.0.0.1', noDelay: true });
  setTimeout(() => delay(near, far), roundTripMs);
  delay(far, near);
});
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as net.AddressInfo).port);
});
