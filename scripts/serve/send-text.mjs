/**
 * @param {import('./send-file.mjs').Response} response
 * @param {number} status
 * @param {string} text
 * @param {string} [type]
 */
export function sendText(response, status, text, type = 'text/plain; charset=utf-8') {
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.end(`${text}\n`);
}
