import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { findProgram } from '../../../scripts/services/command.ts';
import { signatureOf } from '../../../src/http/headers.ts';

/** What a receiver is given, and whether it is genuine. */
interface Case {
  readonly what: string;
  readonly timestamp: string;
  readonly signatures: string;
  readonly body: Buffer;
  readonly isGenuine: boolean;
}

const id = 'a%20b:DELIVERED';
const body = Buffer.from('{"text":"फोनन में …\\u0000"}\n');
const [key, oldKey, otherKey] = ['k', 'o', 'x'].map((letter) => Buffer.alloc(24, letter)) as [
  Buffer,
  Buffer,
  Buffer,
];
const secret = `whsec_${key.toString('base64')}`;

const signed = (
  keys: readonly Buffer[],
  timestamp: number,
): Pick<Case, 'timestamp' | 'signatures'> => ({
  timestamp: String(timestamp),
  signatures: signatureOf({ id, timestamp, body }, keys),
});

/** Far from what is still genuine, since a compiler may take minutes before it is looked at. */
const casesAt = (now: number): readonly Case[] => [
  { what: 'as it is sent', ...signed([key], now), body, isGenuine: true },
  { what: 'while the secret is changed', ...signed([oldKey, key], now), body, isGenuine: true },
  { what: 'a minute ago', ...signed([key], now - 60), body, isGenuine: true },
  { what: 'with another secret', ...signed([otherKey], now), body, isGenuine: false },
  { what: 'with other secrets', ...signed([otherKey, oldKey], now), body, isGenuine: false },
  { what: 'with another body', ...signed([key], now), body: body.subarray(1), isGenuine: false },
  { what: 'with no body', ...signed([key], now), body: Buffer.alloc(0), isGenuine: false },
  {
    what: 'with another time',
    ...signed([key], now),
    timestamp: String(now - 1),
    body,
    isGenuine: false,
  },
  { what: 'too old', ...signed([key], now - 3_600), body, isGenuine: false },
  { what: 'from the future', ...signed([key], now + 3_600), body, isGenuine: false },
  { what: 'without a time', ...signed([key], now), timestamp: '', body, isGenuine: false },
  { what: 'at no time', ...signed([key], now), timestamp: 'soon', body, isGenuine: false },
  { what: 'unsigned', timestamp: String(now), signatures: '', body, isGenuine: false },
  {
    what: 'signed in another way',
    timestamp: String(now),
    signatures: signed([key], now).signatures.replace('v1,', 'v1a,'),
    body,
    isGenuine: false,
  },
  {
    what: 'signed with nonsense',
    timestamp: String(now),
    signatures: 'v1,** v1 ,',
    body,
    isGenuine: false,
  },
];

/** A line per case, fields separated by tabs; answered by a line with true or false. */
const inputOf = (cases: readonly Case[]): string =>
  cases
    .map(({ timestamp, signatures, body: each }) =>
      [secret, id, timestamp, signatures, each.toString('base64')].join('\t'),
    )
    .join('\n');

interface Language {
  /** As its example is marked. */
  readonly name: string;
  readonly programs: readonly string[];
  /** The example's file, and what calls it, by name. */
  files(example: string): Readonly<Record<string, string>>;
  readonly command: string;
}

const languages: readonly Language[] = [
  {
    name: 'typescript',
    programs: ['node'],
    command: 'node main.ts',
    files: (example) => ({
      'genuine.ts': example,
      'package.json': '{"type":"module"}',
      'main.ts': `import { readFileSync } from 'node:fs';
import { isGenuine } from './genuine.ts';
for (const line of readFileSync(0, 'utf8').split('\\n')) {
  const [secret, id, timestamp, signature, body] = line.split('\\t');
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  console.log(isGenuine(secret, headers, Buffer.from(body, 'base64')));
}`,
    }),
  },
  {
    name: 'python',
    programs: ['python3'],
    command: 'python3 main.py',
    files: (example) => ({
      'genuine.py': example,
      'main.py': `import base64, sys
from genuine import is_genuine
for line in sys.stdin.read().split("\\n"):
    secret, id, timestamp, signature, body = line.split("\\t")
    headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    print("true" if is_genuine(secret, headers, base64.b64decode(body)) else "false")`,
    }),
  },
  {
    name: 'java',
    programs: ['javac', 'java'],
    command: 'javac -Xlint:all -Werror WebhookSignature.java Main.java && java Main',
    files: (example) => ({
      'WebhookSignature.java': example,
      'Main.java': `import java.nio.charset.StandardCharsets;
class Main {
  public static void main(String[] args) throws Exception {
    String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    for (String line : input.split("\\n")) {
      String[] it = line.split("\\t", -1);
      byte[] body = java.util.Base64.getDecoder().decode(it[4]);
      System.out.println(WebhookSignature.isGenuine(it[0], it[1], it[2], it[3], body));
    }
  }
}`,
    }),
  },
  {
    name: 'go',
    programs: ['go'],
    command: 'go run .',
    files: (example) => ({
      'go.mod': 'module example\n\ngo 1.21\n',
      'genuine.go': example.replace('package webhook', 'package main'),
      'main.go': `package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	input, _ := io.ReadAll(os.Stdin)
	for _, line := range strings.Split(string(input), "\\n") {
		it := strings.Split(line, "\\t")
		body, _ := base64.StdEncoding.DecodeString(it[4])
		fmt.Println(IsGenuine(it[0], it[1], it[2], it[3], body))
	}
}`,
    }),
  },
  {
    name: 'php',
    programs: ['php'],
    command: 'php main.php',
    files: (example) => ({
      'genuine.php': `<?php\n${example}`,
      'main.php': `<?php
require 'genuine.php';
foreach (explode("\\n", stream_get_contents(STDIN)) as $line) {
    [$secret, $id, $timestamp, $signatures, $body] = explode("\\t", $line);
    echo isGenuine($secret, $id, $timestamp, $signatures, base64_decode($body)) ? "true\\n" : "false\\n";
}`,
    }),
  },
];

const page = readFileSync(join(packageRoot(), 'docs/receiving.md'), 'utf8');
const examples = new Map(
  [...page.matchAll(/<!-- example: (\w+) -->\n\n```\w+\n([\s\S]*?)```/g)].map(
    ([, name = '', code = '']) => [name, code],
  ),
);

async function run(
  folder: string,
  { command, files }: Language,
  example: string,
  input: string,
): Promise<string> {
  for (const [name, content] of Object.entries(files(example))) {
    await writeFile(join(folder, name), content);
  }
  const child = spawn('sh', ['-c', command], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' },
  });
  child.stdin.end(input);
  const [output] = await Promise.all([readText(child.stdout), once(child, 'close')]);
  return output;
}

describe('the examples for receivers', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-examples-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('are there for all these languages', () => {
    expect([...examples.keys()]).toEqual(languages.map(({ name }) => name));
  });

  it.each(languages)(
    'tell what is genuine in $name, where that is installed',
    async (language) => {
      const found = await Promise.all(
        language.programs.map(async (name) => await findProgram([name])),
      );
      if (found.includes(null)) {
        console.log(`${language.name} is not installed: its example was not run`);
        return;
      }
      const cases = casesAt(Math.floor(Date.now() / 1000));
      const example = examples.get(language.name) ?? '';
      const output = await run(folder, language, example, inputOf(cases));
      const notified = output.trim().split('\n');
      const shown = cases.map(({ what }, index) => [what, notified[index]]);
      expect(shown).toEqual(cases.map(({ what, isGenuine }) => [what, String(isGenuine)]));
    },
    120_000,
  );
});
