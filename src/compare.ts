import { systemClock } from './base/clock';
import { compareDevices } from './engine/compare/compare-devices';
import { compareServices } from './engine/compare/compare-services';
import { containerForm } from './engine/compare/container-form';
import { ownInstances, removeOwn } from './engine/compare/remove-own';
import { serviceImage } from './engine/compare/service';
import { unikernelForm } from './engine/compare/unikernel-form';
import { vmForm } from './engine/compare/vm-form';
import { hasImage } from './engine/has-image';
import type { Lab } from './engine/lab';
import { createBlobClient, createStoreClient } from './engine/store-client';
import { UnikernelLibrary } from './engine/unikernel-library';
import { type PageStock, pullFrom } from './images';
import { ComparisonShelf } from './ui/compare/comparison-shelf';
import type { Settings } from './ui/settings';

/** What compares VM, container and unikernel. A part of the page that comes when it is first wanted. */
export function createComparisonShelf(
  stock: PageStock,
  lab: Lab,
  memory: Pick<Settings, 'recall' | 'keep'>,
): ComparisonShelf {
  const clock = systemClock;
  const artifacts = createStoreClient(stock.remote);
  const modules = new UnikernelLibrary(artifacts, createBlobClient(stock.remote));
  const forms = [
    vmForm({ lab, artifacts }),
    containerForm({ lab, artifacts }),
    unikernelForm({ lab, artifacts, modules }),
  ];
  const pull = pullFrom(stock);
  return new ComparisonShelf({
    services: (watch, operation) =>
      compareServices(
        {
          ...watch,
          lab,
          clock,
          forms,
          fetchImage: async (fetching) => {
            if (!(await hasImage(stock.images, serviceImage))) await pull(serviceImage, fetching);
          },
        },
        operation,
      ),
    devices: (watch, operation) => compareDevices({ ...watch, lab, clock }, operation),
    there: () => ownInstances(lab.list()).map(({ id }) => id),
    remove: () => removeOwn(lab),
    clock,
    memory,
  });
}
