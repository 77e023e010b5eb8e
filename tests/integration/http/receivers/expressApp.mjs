/** Express as its guide shows it: JSON parsed, answers by send, sendStatus, json and end. */
import express from 'express';

const counts = {};
const app = express();
app.get('/count', (_request, response) => response.json(counts));
app.use(express.json());
app.use((request, _response, next) => {
  counts[request.path] = (counts[request.path] ?? 0) + 1;
  next();
});
app.post('/plain', (_request, response) => response.send('ok'));
app.post('/nothing', (_request, response) => response.sendStatus(204));
app.post('/object', (_request, response) => response.json({ received: true }));
app.post('/nothingButText', (_request, response) => response.status(204).send('received'));
app.post('/chunks', (_request, response) => {
  response.write('o');
  response.end('k');
});
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
