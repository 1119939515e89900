/** The smallest runner there can be: it dials its parent, and gives back what it reads. */
import { connect } from "node:net";

const socket = connect(process.argv[2]);
socket.on("data", (bytes) => socket.write(bytes)).on("close", () => process.exit(0));
