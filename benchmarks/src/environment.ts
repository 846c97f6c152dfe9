import { cpus, loadavg, totalmem } from 'node:os'
import { natsVersion } from './contenders/nats.ts'

/**
 * What figures depend on besides what is measured.
 */
export function environment (): Record<string, unknown> {
  return {
    date: new Date().toISOString(),
    node: process.version,
    openssl: process.versions.openssl,
    nats: natsVersion() ?? 'not installed',
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadAverage: loadavg()
  }
}
