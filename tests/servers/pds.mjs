// Runs Bluesky's own server, with a directory of accounts, on loopback until standard input ends.
// Node looks for the packages in the working directory, and what it keeps goes into the folder for
// temporary files, which pds.py gives it and clears away.
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

// The packages listen on every address of the machine; a test has no business there.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'number') {
    const called = rest.filter((one) => typeof one === 'function')
    return listen.call(this, { port: first, host: '127.0.0.1' }, ...called)
  }
  if (first && typeof first === 'object' && 'port' in first) first.host = '127.0.0.1'
  return listen.call(this, first, ...rest)
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject)
    probe.listen(0, () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

const { PDS } = await import('@atproto/pds')
const { Database, PlcServer } = await import('@did-plc/server')

const plcPort = await freePort()
const plc = PlcServer.create({ db: Database.mock(), port: plcPort })
await plc.start()

const pdsPort = await freePort()
const pds = await PDS.fromEnv({
  devMode: true,
  hostname: 'localhost',
  port: pdsPort,
  dataDirectory: os.tmpdir(),
  blobstoreDiskLocation: path.join(os.tmpdir(), 'blobs'),
  adminPassword: 'admin-pass',
  jwtSecret: 'jwt-secret',
  serviceHandleDomains: ['.test'],
  didPlcUrl: `http://localhost:${plcPort}`,
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
  inviteRequired: false,
  // The accounts and pictures that it is asked about are on this machine.
  disableSsrfProtection: true,
  // What readers look at is another server, which no test needs; but its name must be told.
  bskyAppViewUrl: 'https://appview.invalid',
  bskyAppViewDid: 'did:example:invalid',
})
await pds.start()
console.log('READY ' + JSON.stringify({ pds: pdsPort, plc: plcPort }))
process.stdin.on('end', async () => {
  await pds.destroy()
  await plc.destroy()
  process.exit(0)
})
process.stdin.resume()
