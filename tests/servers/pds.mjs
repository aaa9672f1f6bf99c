// Runs Bluesky's own server, with a directory of accounts, on loopback until standard input ends.
// Node looks for the packages in the working directory: see pds.py.
import net from 'node:net'

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

const { TestNetworkNoAppView } = await import('@atproto/dev-env')
const network = await TestNetworkNoAppView.create({ pds: { hostname: 'localhost' } })
console.log('READY ' + JSON.stringify({ pds: network.pds.port, plc: network.plc.port }))
process.stdin.on('end', async () => {
  await network.close()
  process.exit(0)
})
process.stdin.resume()
