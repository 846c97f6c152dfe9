/**
 * @packageDocumentation
 *
 * What tests of this stack share: identities of a consortium made on the spot, certificates made by the openssl command
 * line as FISCO BCOS's tools make them, networks of nodes whose teardown proves that nothing is left running, folders
 * that clean up after themselves, the vectors and tables of the specification, and the cases that every libp2p
 * transport must pass.
 *
 * @example Two identities that trust each other
 *
 * ```typescript
 * import { createIdentities } from '@fisco-libp2p/test-kit'
 *
 * const [alice, bob] = await createIdentities(2, { keyType: 'ed25519' })
 *
 * bob.trust.judge(alice.chain)
 * ```
 */

export { chainFolder } from './chain-folder.ts'
export { createConsortium, createIdentities, NODE_KEY_TYPES } from './consortium.ts'
export { documentedConstants, documentedNames, documentedTable, documentedValue, documentedVector, wireNames } from './documented.ts'
export { ErrorLog } from './error-log.ts'
export { Cable } from './faults/cable.ts'
export { CableNetwork, createCableNetwork } from './faults/cable-network.ts'
export { checkLogs, Property } from './faults/checker.ts'
export { checkTopics, tallyTopics } from './faults/check-topics.ts'
export { createFaultNetwork, FaultNetwork } from './faults/fault-network.ts'
export { GAUGE_PLUGIN, LOAD_PLUGIN, membersOf, NodeNetwork, TOPICS_PLUGIN } from './faults/node-network.ts'
export { NodeProcess } from './faults/node-process.ts'
export { seededRandom } from './faults/random.ts'
export { Relay } from './faults/relay.ts'
export { FAULT_KINDS, faultSchedule } from './faults/schedule.ts'
export { freePorts } from './free-ports.ts'
export { heldBytes } from './held-bytes.ts'
export { hostileCrl, HOSTILE_EXTENSIONS } from './hostile-crl.ts'
export { createNetwork } from './network.ts'
export { opensslChain } from './openssl-chain.ts'
export { SimulatedClock } from './simulation/clock.ts'
export { SimulatedNotaries } from './simulation/notary.ts'
export { FRAME_OVERHEAD, StatusSimulation } from './simulation/status-simulation.ts'
export { diameterOf, TOPOLOGIES } from './simulation/topology.ts'
export { selfSignedCertificate } from './self-signed.ts'
export { echo, receiveAll, sendAll } from './stream-io.ts'
export { temporaryFolder } from './temporary-folder.ts'
export { Traffic } from './traffic.ts'
export { prepareTransportPair, TRANSPORT_CASES } from './transport-cases.ts'

export type { Consortium, ConsortiumOptions, NodeKeyType } from './consortium.ts'
export type { TopicTally, TopicWay } from './faults/check-topics.ts'
export type { CheckInit, NodeLog, PropertyResult } from './faults/checker.ts'
export type { NodeNetworkInit, Place, Station } from './faults/node-network.ts'
export type { LogEntry, NodeProcessInit } from './faults/node-process.ts'
export type { Fault, FaultKind, FaultScheduleInit } from './faults/schedule.ts'
export type { HostileCrlParts, HostileExtension } from './hostile-crl.ts'
export type { TestNetwork } from './network.ts'
export type { OpensslChainOptions, OpensslNode } from './openssl-chain.ts'
export type { ShortNumber } from './short-key.ts'
export type { TemporaryFolder } from './temporary-folder.ts'
export type { LostRequest, TrafficReport } from './traffic.ts'
export type { TransportPair } from './transport-cases.ts'
export type { SimulatedTraffic, StatusSimulationInit } from './simulation/status-simulation.ts'
export type { Links, Topology } from './simulation/topology.ts'
