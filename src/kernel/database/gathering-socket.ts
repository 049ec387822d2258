/**
 * A socket that sends what is written within one tick as one packet. The driver hands over each
 * statement by itself, and every write to the server costs a system call and wakes its back end:
 * `begin` and the first statement, or the last ones and `commit`, are to cost that once.
 */
import { Socket } from 'node:net';

export function gatheringSocket(): Socket {
  const socket = new Socket();
  // Connecting puts the plain `write` back, so it is replaced afterwards.
  socket.once('connect', () => {
    const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
    let isGathering = false;
    socket.write = (...given: unknown[]) => {
      if (!isGathering) {
        isGathering = true;
        socket.cork();
        // Runs when the promises that are settled by now have had their say.
        process.nextTick(() => {
          isGathering = false;
          socket.uncork();
        });
      }
      return write(...given);
    };
  });
  return socket;
}
