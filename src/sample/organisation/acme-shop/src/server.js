import { createServer } from 'node:http';
import { summary } from './cart/summary.js';

export function createShop() {
  return createServer((request, response) => {
    if (request.method !== 'POST' || request.url !== '/summary') {
      response.writeHead(404).end();
      return;
    }
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      try {
        const lines = summary(JSON.parse(body));
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ lines }));
      } catch (error) {
        response.writeHead(400).end(JSON.stringify({ error: String(error.message) }));
      }
    });
  });
}

if (import.meta.filename === process.argv[1]) createShop().listen(8080);
