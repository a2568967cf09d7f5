import type { Column } from '../../format/format-rows';
import { ago, goTime, humanSize, shortId } from '../../format/units';
import { splitTag } from '../image-name';

/** One of what `GET /images/json` answers. */
export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Seconds since the epoch. */
  readonly Created: number;
  /** Bytes. */
  readonly Size: number;
  readonly SharedSize?: number;
  readonly Containers?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** A line of `docker images`: an image under one of its names. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const none = '<none>';

/** A line for each name of each image; without a name one line with none. */
export function imageRows(
  images: readonly ImageSummary[],
  { digests, known }: { readonly digests: boolean; readonly known: boolean },
): readonly ImageRow[] {
  return images.flatMap((image) => {
    const tags = (image.RepoTags ?? []).filter((each) => each !== '<none>:<none>').map(splitTag);
    const pulled = (image.RepoDigests ?? []).filter((each) => each !== '<none>@<none>').map(splitDigest);
    const untagged = pulled.filter(({ name }) => !tags.some((each) => each.name === name));
    const rows = [
      ...tags.map(({ name, tag = none }) => ({
        image,
        repository: name,
        tag,
        digest: (known && pulled.find((each) => each.name === name)?.digest) || none,
      })),
      ...(tags.length === 0 || digests ? untagged : []).map(({ name, digest }) => ({
        image,
        repository: name,
        tag: none,
        digest: digests ? digest : '',
      })),
    ];
    return rows.length > 0 ? rows : [{ image, repository: none, tag: none, digest: none }];
  });
}

export function imageColumns({
  whole,
  now,
}: {
  readonly whole: boolean;
  readonly now: number;
}): readonly Column<ImageRow>[] {
  const size = (bytes: number | undefined): string => (bytes === undefined || bytes < 0 ? 'N/A' : humanSize(bytes));
  return [
    { name: 'ID', header: 'IMAGE ID', value: ({ image }) => (whole ? image.Id : shortId(image.Id)) },
    { name: 'Repository', header: 'REPOSITORY', value: ({ repository }) => repository },
    { name: 'Tag', header: 'TAG', value: ({ tag }) => tag },
    { name: 'Digest', header: 'DIGEST', value: ({ digest }) => digest },
    {
      name: 'CreatedSince',
      header: 'CREATED',
      value: ({ image }) => (image.Created <= 0 ? '' : ago(image.Created, now)),
    },
    { name: 'CreatedAt', header: 'CREATED AT', value: ({ image }) => goTime(image.Created) },
    { name: 'Size', header: 'SIZE', value: ({ image }) => humanSize(image.Size, 3) },
    {
      name: 'Containers',
      header: 'CONTAINERS',
      value: ({ image: { Containers = -1 } }) => (Containers < 0 ? 'N/A' : String(Containers)),
    },
    { name: 'SharedSize', header: 'SHARED SIZE', value: ({ image }) => size(image.SharedSize) },
    {
      name: 'UniqueSize',
      header: 'UNIQUE SIZE',
      value: ({ image }) =>
        image.SharedSize === undefined || image.SharedSize < 0 ? 'N/A' : size(image.Size - image.SharedSize),
    },
    { name: 'VirtualSize', header: 'SIZE', value: ({ image }) => humanSize(image.Size) },
  ];
}

function splitDigest(reference: string): { readonly name: string; readonly digest: string } {
  const at = reference.indexOf('@');
  return { name: reference.slice(0, at), digest: reference.slice(at + 1) };
}
