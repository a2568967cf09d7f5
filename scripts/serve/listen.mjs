/**
 * Opens a server on a port, or on a neighbour of it that is free.
 * @param {import('node:http').Server} server
 * @param {string} host
 * @param {number} port
 * @param {number} neighbours how many ports after a busy one are tried
 * @returns {Promise<{ port: number, close: () => Promise<void> }>} the port that was free
 */
export async function listen(server, host, port, neighbours) {
  return {
    port: await open(server, host, port, neighbours),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/**
 * @param {import('node:http').Server} server
 * @param {string} host
 * @param {number} port
 * @param {number} neighbours
 * @returns {Promise<number>}
 */
function open(server, host, port, neighbours) {
  return new Promise((resolve, reject) => {
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EADDRINUSE' || neighbours === 0) reject(error);
      else resolve(open(server, host, port + 1, neighbours - 1));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
}
