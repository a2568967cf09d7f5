import { type DeviceFigures, deviceKinds } from '../../engine/compare/compare-devices';
import type { ServiceFigures } from '../../engine/compare/compare-services';
import { forms } from '../../engine/compare/form';
import type { ComparisonEnd, ComparisonKind } from './comparison-shelf';
import { deviceGroups, serviceGroups } from './figure-groups';

/** What is kept of comparisons over visits. */
export interface KeptComparison {
  readonly services: readonly ServiceFigures[];
  readonly devices: readonly DeviceFigures[];
  readonly ends: readonly (readonly [ComparisonKind, ComparisonEnd])[];
  /** Ids of what the last run has left. */
  readonly started: readonly string[];
}

/** Reads what was kept, by whatever version; undefined for what cannot be shown. */
export function parseComparison(kept: unknown): KeptComparison | undefined {
  try {
    const { services, devices, ends, started } = kept as KeptComparison;
    const known =
      services.every(({ form }) => forms.includes(form)) &&
      devices.every((each) => deviceKinds.includes(each.devices)) &&
      ends.every(([kind, { at }]) => (kind === 'services' || kind === 'devices') && Number.isFinite(at)) &&
      started.every((id) => typeof id === 'string');
    // What can be drawn is whole.
    const groups = [
      ...serviceGroups(new Map(services.map((each) => [each.form, each]))),
      ...deviceGroups(new Map(devices.map((each) => [each.devices, each]))),
    ];
    const drawn = groups.every(({ rows }) => rows.every(({ value }) => Number.isFinite(value)));
    return known && drawn ? { services, devices, ends, started } : undefined;
  } catch {
    return undefined;
  }
}
