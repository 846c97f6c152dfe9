/**
 * What a `config.ini` of {@link fiscoConfig} says.
 */
export interface FiscoConfig {
  port: number

  /**
   * Ports of the nodes that it dials.
   */
  peers: readonly number[]

  /**
   * A key of ours, which FISCO BCOS does not know.
   */
  policy?: string
}

/**
 * A node's settings in the form of FISCO BCOS 2.x, with sections that are of no concern to the network.
 */
export function fiscoConfig ({ port, peers, policy }: FiscoConfig): string {
  return `[rpc]
    channel_listen_ip=127.0.0.1
    channel_listen_port=20200
    jsonrpc_listen_ip=127.0.0.1
    jsonrpc_listen_port=8545
[p2p]
    listen_ip=127.0.0.1
    listen_port=${port}
${peers.map((peer, i) => `    node.${i}=127.0.0.1:${peer}\n`).join('')}
[certificate_blacklist]
    ;crl.0=

[certificate_whitelist]
    ;cal.0=

[group]
    group_data_path=data/
    group_config_path=conf/

[network_security]
    data_path=conf/
    key=node.key
    cert=node.crt
    ca_cert=ca.crt
${policy == null ? '' : `    policy=${policy}\n`}
[chain]
    id=1
    sm_crypto=false

[compatibility]
    supported_version=2.9.1

[log]
    enable=true
    log_path=./log
    level=info
`
}
