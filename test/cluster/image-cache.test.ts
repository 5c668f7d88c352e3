import { chownSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from './box.ts';
import { clusterAvailable, down, USERS, up } from './cluster.ts';
import { CachedCluster, REFERENCE, type SubmittedRun } from './image-cache.ts';

const unavailable = clusterAvailable();
const SOURCE = `docker://${REFERENCE}`;
const NAME = 'nvcr.io+nvidia+x+1-x86_64-664acb40.sqsh';

describe.skipIf(unavailable)(
  `an image cache of all nodes${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let site: CachedCluster;
    let file: string;
    beforeAll(async () => {
      site = new CachedCluster(await up({ nodes: 3 }));
      file = join(site.folder, NAME);
    });
    afterAll(() => down(site.cluster));
    afterEach(() => site.reset());

    const importer = () => site.calls().map((call) => call.split(' ')[0]);
    const imageEvents = (job: SubmittedRun) =>
      job
        .events()
        .filter(({ kind }) => kind === 'image')
        .map(({ state, reason }) => `${state}: ${reason}`);
    const contents = async () => (await run(['unsquashfs', '-d', '', '-l', file])).stdout;
    const cached = () => readdirSync(site.folder).sort();

    /** Two jobs, of which the first imports and the second waits for it. */
    async function twoJobs(): Promise<readonly [SubmittedRun, SubmittedRun]> {
      site.hold();
      const first = await site.submit();
      await expect.poll(importer).toEqual([first.jobId]);
      const second = await site.submit();
      await second.sees('image', { state: 'waiting' });
      return [first, second];
    }

    /** An image in the cache, made by a job. */
    async function filled(): Promise<void> {
      const job = await site.submit();
      expect(await job.sees('image', { state: 'imported' })).toMatchObject({ file });
      await site.cli.run(['cancel', job.run]);
    }

    test('of two jobs at once one imports, and all steps of both run with its file', async () => {
      const [first, second] = await twoJobs();
      site.letGo();
      for (const job of [first, second]) expect(await job.sees('ready')).toMatchObject({ kind: 'ready' });
      expect(site.calls()).toEqual([
        expect.stringMatching(`^${first.jobId} import --output ${site.folder}/\\S+ ${SOURCE}$`),
      ]);
      expect(imageEvents(first)).toEqual([`importing: ${SOURCE}`, `imported: ${SOURCE}`]);
      expect(imageEvents(second)).toEqual([
        expect.stringMatching(`^waiting: job ${first.jobId} of ada on node\\d imports it since 20\\d\\d-`),
        `found: ${SOURCE}`,
      ]);
      expect([site.imagesOf(first), site.imagesOf(second)]).toEqual([[file], [file]]);
      expect(await contents()).toContain('/etc/os-release');
      expect(statSync(file)).toMatchObject({ uid: USERS.ada.uid, mode: 0o100644 });
      expect(cached()).toEqual([NAME.replace('.sqsh', '.lock'), NAME].sort());

      const watched = await site.cli.run(['status', second.run]);
      expect(watched.stdout).toContain('ready');
    });

    test.each([
      ['cancelled', (job: string) => ['scancel', job]],
      [
        'shot',
        // Steps are numbered as they come, the image's beside the preflight's.
        (job: string) => [
          'bash',
          '-c',
          `scancel --signal=KILL "$(squeue -hs -j ${job} -o '%i %j' | sed -n 's/ image$//p')"`,
        ],
      ],
    ])('when the job that imports is %s, the other imports and goes on', async (_, command) => {
      const [first, second] = await twoJobs();
      await site.cluster.onLogin(command(first.jobId));
      await expect.poll(importer).toEqual([first.jobId, second.jobId]);
      site.letGo();
      expect(await second.sees('ready')).toMatchObject({ kind: 'ready' });
      expect(imageEvents(second).slice(1)).toEqual([`importing: ${SOURCE}`, `imported: ${SOURCE}`]);
      expect(site.imagesOf(second)).toEqual([file]);
      expect(await first.sees('verdict')).toMatchObject({ kind: 'verdict' });
      expect(cached()).toEqual([NAME.replace('.sqsh', '.lock'), NAME].sort());
    });

    test.each<[string, (whole: Buffer) => Buffer, string]>([
      [
        'damaged',
        (whole) => Buffer.concat([whole.subarray(0, 96), Buffer.alloc(whole.length - 96, 0xa5)]),
        'is damaged: ',
      ],
      ['cut off', (whole) => whole.subarray(0, whole.length / 2), 'is cut off: it has '],
    ])('an image that is %s is imported again', async (_, spoil, words) => {
      await filled();
      writeFileSync(file, spoil(readFileSync(file)));
      const job = await site.submit();
      const event = await job.sees('image', { state: 'reimported' });
      expect(event).toMatchObject({ file, reason: expect.stringContaining(`${file} ${words}`) });
      expect(await job.sees('ready')).toMatchObject({ kind: 'ready' });
      expect(await contents()).toContain('/etc/os-release');
      expect(cached()).toContain(`${NAME}.damaged`);
    });

    test("an import that fails ends the job with enroot's own words", async () => {
      const words =
        '[ERROR] URL https://nvcr.io/v2/nvidia/x/manifests/1 returned error code: 401 Unauthorized';
      site.failWith(`${words}\n`);
      const job = await site.submit();
      expect(await job.sees('verdict')).toMatchObject({
        outcome: 'failed',
        reason: `no container image: ${words}`,
        step: 'image',
        line: words,
      });
      const watched = await site.cli.run(['watch', job.run]);
      expect(watched.code).toBe(7);
      expect(watched.stdout).toContain(words);
      expect(watched.stdout + watched.stderr).toContain('~/.config/enroot/.credentials');
      expect(cached()).toEqual([NAME.replace('.sqsh', '.lock')]);
    });

    test.each([NAME, NAME.replace('.sqsh', '.lock')])(
      'a link that another user has put at %s is refused',
      async (name) => {
        const theirs = join(site.folder, 'theirs');
        writeFileSync(theirs, 'hsqs');
        symlinkSync(theirs, join(site.folder, name));
        chownSync(theirs, USERS.nora.uid, USERS.nora.uid);
        const job = await site.submit();
        expect(await job.sees('verdict')).toMatchObject({
          outcome: 'failed',
          reason: expect.stringContaining(`${join(site.folder, name)} is a symbolic link`),
        });
        expect([site.calls(), readFileSync(theirs, 'utf8')]).toEqual([[], 'hsqs']);
      },
    );
  },
);
