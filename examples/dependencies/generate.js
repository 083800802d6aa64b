const fs = require("fs");
fs.mkdirSync("generated", { recursive: true });
const names = fs.readFileSync("schemas/names.txt", "utf8").trim().split("\n");
fs.writeFileSync("generated/names.json", JSON.stringify(names));
