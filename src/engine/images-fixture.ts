import { connect, expose } from '../rpc/control';
import { createMemoryContentStore } from '../storage/open-content-store';
import { StoreService } from '../storage/store-service';
import { Images } from './images';

/** Images of a real store with nothing in it, behind a port. */
export async function openTestImages() {
  const opened = createMemoryContentStore({});
  const service = new StoreService({ open: async () => opened });
  await service.open('http://localhost/');
  const { port1, port2 } = new MessageChannel();
  expose(service, port1);
  const { remote } = connect<StoreService>(port2);
  const images = new Images({ remote });
  await images.open();
  return {
    images,
    remote,
    content: opened.images,
    async close(): Promise<void> {
      images.dispose();
      await service.close();
      port1.close();
      port2.close();
    },
  };
}
