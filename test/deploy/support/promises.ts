/** What every pod of ours promises, wherever its manifest comes from: the restricted Pod Security profile, and more. */
import { expect } from 'vitest';
import type { PodTemplate } from './manifests.ts';

/** Fails with the promise that this pod breaks. */
export function expectLockedDown({ owner, spec }: PodTemplate): void {
  const [container, ...more] = spec.containers;
  expect(more, `${owner}: one container`).toEqual([]);
  expect(spec, owner).toMatchObject({
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: expect.any(Number),
      runAsGroup: expect.any(Number),
      seccompProfile: { type: 'RuntimeDefault' },
    },
  });
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'initContainers'])
    expect(spec, owner).not.toHaveProperty(field);
  for (const volume of spec.volumes ?? [])
    expect(Object.keys(volume).sort(), `${owner}: only volumes that the profile allows`).not.toContain(
      'hostPath',
    );
  expect(container, owner).toMatchObject({
    name: 'rdb-archiver',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    resources: {
      requests: {
        cpu: expect.any(String),
        memory: expect.any(String),
        'ephemeral-storage': expect.any(String),
      },
      limits: { memory: expect.any(String), 'ephemeral-storage': expect.any(String) },
    },
  });
  expect(container?.image, `${owner}: a pinned image`).toMatch(/(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
  for (const { name, value } of container?.env ?? [])
    if (value !== undefined)
      expect(name, `${owner}: no secret in clear`).not.toMatch(/(SECRET_KEY|TOKEN|PASSWORD)$/);
}
