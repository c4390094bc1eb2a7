// docs/features.md: every field of the API that we serve or speak of, and the test that shows it. UPDATE_GOLDEN=1 writes it anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Field, listedKinds, listFields } from './list-fields.ts';

const file = new URL('../../docs/features.md', import.meta.url);

const intro = `# What is served

Made from the tests (\`UPDATE_GOLDEN=1 npm test -- test/features/feature-table.test.ts\`): the fields are those of Istio's and
Kubernetes' schemas, and a test is a folder of \`test/features\` whose manifests set the field and whose requests go through
both data planes. Where there is none, the table says what users are told of the field.
`;

const row = ({ path, tests, note }: Field): string =>
  note === undefined
    ? `| \`${path}\` | yes | yes | ${tests.slice(0, 3).join(', ')} |`
    : `| \`${path}\` | no | no | ${note.replaceAll('|', '\\|')} |`;

const table = (kind: string, fields: readonly Field[]): string =>
  [
    `\n## ${kind}\n`,
    '| field | Envoy | embedded engine | test, or what is said of it |',
    '| --- | --- | --- | --- |',
    ...fields.map(row),
    '',
  ].join('\n');

describe('docs/features.md', () => {
  const kinds = listedKinds.map((kind) => [kind, listFields(kind)] as const);

  for (const [kind, fields] of kinds)
    it(`has a test or a word for every field of ${kind}`, () => {
      assert.ok(fields.length > 3);
      const empty = fields.filter(({ tests, note }) => tests.length === 0 && note === undefined);
      assert.deepEqual(
        empty.map(({ path }) => path),
        [],
      );
    });

  it('is up to date', () => {
    const text = intro + kinds.map(([kind, fields]) => table(kind, fields)).join('');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
    assert.equal(readFileSync(file, 'utf8'), text);
  });
});
