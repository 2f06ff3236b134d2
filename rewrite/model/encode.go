package model

import "go/types"

// encoders go through all that a value holds: "Marshal traverses the value v
// recursively": https://pkg.go.dev/encoding/json#Marshal,
// https://pkg.go.dev/encoding/gob, https://pkg.go.dev/gopkg.in/yaml.v3#Marshal,
// and those of routers, which use them:
// https://pkg.go.dev/github.com/gin-gonic/gin#Context.JSON,
// https://pkg.go.dev/github.com/labstack/echo/v4#Context,
// https://pkg.go.dev/github.com/gofiber/fiber/v2#Ctx.JSON
var encoders = newFuncs(
	"encoding/json.Marshal", "encoding/json.MarshalIndent", "(*encoding/json.Encoder).Encode", "(*encoding/gob.Encoder).Encode",
	"gopkg.in/yaml.v2.Marshal", "gopkg.in/yaml.v3.Marshal", "(*gopkg.in/yaml.v3.Encoder).Encode", "sigs.k8s.io/yaml.Marshal",
	"(*github.com/gin-gonic/gin.Context).JSON", "(*github.com/gin-gonic/gin.Context).IndentedJSON", "(*github.com/gin-gonic/gin.Context).PureJSON", "(*github.com/gin-gonic/gin.Context).YAML",
	"(github.com/labstack/echo.Context).JSON", "(github.com/labstack/echo.Context).JSONPretty",
	"(*github.com/gofiber/fiber.Ctx).JSON",
)

// Encodes reports whether a function reads all elements of the maps and slices, and
// the exported fields of the structs, that it is given as interfaces.
func Encodes(fn *types.Func) bool {
	return encoders.hasAny(fn)
}
