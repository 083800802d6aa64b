const names = require("../../generated/names.json");
const greet = require("greet");
if (greet(names[0]) !== "hello alex") process.exit(1);
