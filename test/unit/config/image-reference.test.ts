import { describe, expect, test } from 'vitest';
import { imageFault } from '../../../src/config/compat/image-reference.ts';
import { pyxisImage } from '../../../src/plan/image.ts';
import { sampleJob } from '../plan/sample-job.ts';
import { report, VALID } from './report.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('what pyxis gets without a cache', () => {
  test.each([
    ['registry.example.org/team/sglang:1.6.1', 'registry.example.org#team/sglang:1.6.1'],
    ['registry.example.org:5000/team/sglang', 'registry.example.org:5000#team/sglang'],
    ['localhost:5000/x:1', 'localhost:5000#x:1'],
    ['localhost/x', 'localhost#x'],
    ['10.0.0.1:5000/x:1', '10.0.0.1:5000#x:1'],
    ['nvcr.io#nvidia/x:1', 'nvcr.io#nvidia/x:1'],
    ['docker://nvcr.io/nvidia/x:1', 'nvcr.io#nvidia/x:1'],
    ['docker://nvcr.io#nvidia/x:1', 'nvcr.io#nvidia/x:1'],
    ['$oauthtoken@nvcr.io/nvidia/x:1', '$oauthtoken@nvcr.io#nvidia/x:1'],
    [`nvcr.io/nvidia/x@${DIGEST}`, `nvcr.io#nvidia/x:${DIGEST}`],
    [`nvcr.io/nvidia/x:1@${DIGEST}`, `nvcr.io#nvidia/x:${DIGEST}`],
    ['ubuntu:24.04', 'ubuntu:24.04'],
    ['lmsysorg/sglang:v0.5.9-cu130', 'lmsysorg/sglang:v0.5.9-cu130'],
    ['docker.io/lmsysorg/sglang:dev', 'lmsysorg/sglang:dev'],
    ['docker.io/library/ubuntu', 'library/ubuntu'],
    ['dockerd://x:1', 'dockerd://x:1'],
    ['podman://Team/x:1', 'podman://Team/x:1'],
    ['/lustre/images/x.sqsh', '/lustre/images/x.sqsh'],
    ['/lustre/images/x', '/lustre/images/x'],
  ])('%s', (image, given) => {
    const job = sampleJob({ aggregated: {}, container: { image } });
    expect(imageFault(image)).toBeUndefined();
    expect(pyxisImage(job, image)).toBe(given);
  });
});

const RELATIVE = expect.stringContaining('is a relative path');

test.each([
  ['images/cont.sqsh', RELATIVE],
  ['cont.sqsh', RELATIVE],
  ['./cont.sqsh', RELATIVE],
  ['../cont.sqsh', RELATIVE],
  ['./cont', RELATIVE],
  ['~/cont.sqsh', expect.stringContaining('the "~" in')],
  ['~ada/cont.sqsh', expect.stringContaining('the "~" in')],
  ['$HOME/cont.sqsh', expect.stringContaining('the variable in')],
  ['/scratch/${USER}/cont.sqsh', expect.stringContaining('the variable in')],
  ['/scratch/x.sif', 'pyxis requires a squashfs image, but "/scratch/x.sif" is an Apptainer image'],
  ['x.sif', 'pyxis requires a squashfs image, but "x.sif" is an Apptainer image'],
  ['/scratch/x.tar.gz', 'pyxis requires a squashfs image, but "/scratch/x.tar.gz" is an archive'],
  ['/scratch/images/', 'is a folder, not an image'],
  ['oras://ghcr.io/x:1', 'enroot does not support oras:// images'],
  ['https://nvcr.io/x:1', 'enroot does not support https:// images'],
  ['file:///x.sqsh', 'enroot does not support file:// images'],
  ['nvcr.io/Nvidia/x:1', 'image names must be lowercase, and "Nvidia/x" is not'],
  ['nvcr.io/nvidia/x:', '"" is neither a tag nor a digest'],
  ['nvcr.io/nvidia/x@sha256:12', '"sha256:12" is neither a tag nor a digest'],
  ['a#b#c', '"b#c" is not a valid image name'],
  ['nvcr.io#', '"" is not a valid image name'],
  ['x y', 'must not contain spaces'],
])('%s is refused', (image, message) => {
  expect(imageFault(image)?.message).toEqual(message);
});

test('an image is refused where it stands, with the fix', () => {
  const text = `${VALID}container: {image: images/x.sqsh}\n`;
  expect(
    report(text),
  ).toBe(`c.yaml:6:20  container.image: is a relative path, but a job's working folder is its run folder: "images/x.sqsh"
  6 | container: {image: images/x.sqsh}
    |                    ^^^^^^^^^^^^^
  hint: write an absolute path, such as /lustre/images/sglang.sqsh`);
  expect(report(text, { cluster: ['container_runtime: none\n'] })).toContain('the image is not used');
});
