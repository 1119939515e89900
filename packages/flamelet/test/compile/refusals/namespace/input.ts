import { flame } from "flamelet";

namespace Outer {
  namespace Local {
    export const x = 1;
  }
  export const run = () => flame.call("pool", async () => Local.x);
}
void Outer;
