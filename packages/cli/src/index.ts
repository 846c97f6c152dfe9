/**
 * @packageDocumentation
 *
 * `fisco-p2p`, the command line of a permissioned network: create a chain with its certificates, add nodes to it,
 * renew and revoke, start its nodes, and watch a network of four on one machine.
 *
 * ```console
 * $ fisco-p2p chain create --output chain --nodes 4
 * $ fisco-p2p start --config chain/nodes/node0/config.ini
 * $ fisco-p2p cert issue node4 --chain chain
 * $ fisco-p2p cert revoke node3 --chain chain --reason keyCompromise
 * $ fisco-p2p demo
 * ```
 *
 * Every command has `--help` and `--json`, exits with 0 or 1, and prints an error as one line.
 *
 * @example From a program
 *
 * ```typescript
 * import { runCli } from '@fisco-libp2p/cli'
 *
 * const exitCode = await runCli(['chain', 'create', '--output', 'chain', '--nodes', '4'])
 * ```
 */

export { runCli } from './cli.ts'
