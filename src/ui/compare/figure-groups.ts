import { formatBytes } from '../../base/bytes';
import {
  amounts,
  type DeviceFigures,
  type DeviceKind,
  deviceKinds,
  type Transfer,
  transfers,
} from '../../engine/compare/compare-devices';
import { load, type ServiceFigures } from '../../engine/compare/compare-services';
import { type Form, forms, type Surface } from '../../engine/compare/form';
import { compareText } from '../text/compare';

/** One thing that was measured, of one that is compared. */
export interface FigureRow {
  /** Of what is compared. */
  readonly label: string;
  readonly value: number;
  /** The value for people. */
  readonly shown: string;
  readonly detail?: string;
}

/** One thing that was measured, of all that are compared. */
export interface FigureGroup {
  readonly label: string;
  readonly method: string;
  /** Of the rows' values. */
  readonly unit: string;
  readonly rows: readonly FigureRow[];
}

/** What is there of the service in its forms. */
export function serviceGroups(measured: ReadonlyMap<Form, ServiceFigures>): readonly FigureGroup[] {
  const { firstAnswer, memory, image, rate, surface } = compareText.figures;
  const figures = forms.flatMap((form) => measured.get(form) ?? []);
  const rows = (row: (each: ServiceFigures) => Omit<FigureRow, 'label'>): readonly FigureRow[] =>
    figures.map((each) => ({ label: compareText.forms[each.form], ...row(each) }));
  return [
    {
      ...firstAnswer,
      unit: 'ms',
      rows: rows(({ firstAnswerMs: value }) => ({ value, shown: firstAnswer.value(value) })),
    },
    {
      ...memory,
      unit: 'bytes',
      rows: rows(({ memory: { used, limit } }) => ({
        value: used,
        shown: memory.value(used),
        ...(limit !== undefined && { detail: memory.of(limit) }),
      })),
    },
    {
      ...image,
      unit: 'bytes',
      rows: rows(({ parts }) => {
        const value = parts.reduce((sum, { bytes }) => sum + bytes, 0);
        return { value, shown: formatBytes(value), detail: parts.map(image.part).join(', ') };
      }),
    },
    {
      label: rate.label,
      method: rate.method(load.clients, load.warmUpMs, load.forMs),
      unit: '1/s',
      rows: rows(({ requestsPerSecond: value }) => ({ value, shown: rate.value(value) })),
    },
    {
      ...surface,
      unit: 'calls',
      rows: rows((each) => ({
        value: surfaceSize(each.surface),
        shown: surface.value(each.surface),
        detail: surface.detail(each.surface),
      })),
    },
  ];
}

function surfaceSize(surface: Surface): number {
  return surface.kind === 'imports' ? surface.names.length : surface.calls;
}

/** What is there of the kinds of devices. */
export function deviceGroups(measured: ReadonlyMap<DeviceKind, DeviceFigures>): readonly FigureGroup[] {
  const figures = deviceKinds.flatMap((kind) => measured.get(kind) ?? []);
  return transfers.flatMap((transfer) => transferGroups(transfer, figures));
}

function transferGroups(transfer: Transfer, figures: readonly DeviceFigures[]): readonly FigureGroup[] {
  const { transfers: words, interrupts, throughput, driver, kinds } = compareText;
  const { label, method } = words[transfer];
  const part = transfer === 'net' ? 'net' : 'disk';
  return [
    {
      label,
      method: method(amounts[part]),
      unit: 'bytes/s',
      rows: figures.map(({ devices, drivers, [transfer]: { bytesPerSecond: value } }) => ({
        label: kinds[devices],
        value,
        shown: throughput(value),
        detail: driver(drivers[part]),
      })),
    },
    {
      label: interrupts.label(label),
      method: interrupts.method,
      unit: '1/MiB',
      rows: figures.map(({ devices, [transfer]: { interruptsPerMiB: value } }) => ({
        label: kinds[devices],
        value,
        shown: interrupts.value(value),
      })),
    },
  ];
}
