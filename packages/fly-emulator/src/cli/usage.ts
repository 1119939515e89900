/** What was asked for in a way that cannot be: printed without a stack, and the exit code is 2. */
export class UsageError extends Error {}

export const HELP = `flamelet-fly: Fly.io on this host

  flamelet-fly up [options]
      Starts the emulator, and prints what happens until it is ended with ^C. Nothing of it survives.
        --port <port>            of the Machines API on 127.0.0.1 (4280; 0 is any)
        --proxy-port <port>      of Fly Proxy: apps are at http://<app>.localhost:<port> (4281)
        --latency <factor>       between regions: 1 is as on earth (0)
        --token <token>          that the API accepts (FLY_API_TOKEN, else a new one)
        --org <name>             the organisation of the apps (personal)
        --app <name>             an app that is there from the beginning; may be repeated
        --image <ref>=<folder>   an image that is there from the beginning: the folder's start script; may be repeated
        --region <code>          where machines go that name none (ams)
        --network <kind>         loopback, or namespaces: all ports for each machine; Linux and root (loopback)
        --fast                   no waiting where Fly takes its time
        --no-rate-limit          no limit of calls
        --fault "<kind> [name=value ...]"   a fault that is on from the beginning; may be repeated
        --json                   events as lines of JSON

  flamelet-fly image [<ref> [--folder <folder>] [--env NAME=value ...] [-- command and its arguments]]
      Registers an image: a command, or the start script of a folder's package.json. Without a ref, lists them.

  flamelet-fly ps [--app <name>]                 the machines
  flamelet-fly logs [--app <name>] [--machine <id>] [--limit <lines>] [--follow]
  flamelet-fly fault [list]                      the faults that are on
  flamelet-fly fault <kind> [app= region= machine= action= times= probability= ms= status= scope= peer=]
  flamelet-fly fault clear [<id>]

  image, ps, logs and fault speak to the emulator that was started last on this host, or to
        --url <url>              (FLAMELET_FLY_URL)
        --token <token>          (FLY_API_TOKEN)
        --json                   answers as JSON

  flamelet-fly --help, --version
`;
