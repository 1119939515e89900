const { flame } = require("flamelet");

exports.area = function (size) {
  with (size) {
    return flame.call("pool", async () => width * height);
  }
};
