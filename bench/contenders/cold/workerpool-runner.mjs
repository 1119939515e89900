import { worker } from "workerpool";
import { noop } from "./functions.mjs";

worker({ noop });
