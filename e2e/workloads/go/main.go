// Answers with what the official client hands it, or fails if asked to.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type order struct {
	Do    string `json:"do"`
	Items int    `json:"items"`
}

type answer struct {
	Items    int    `json:"items"`
	Id       string `json:"id"`
	Arn      string `json:"arn"`
	Function string `json:"function"`
	HasTime  bool   `json:"has_time"`
}

func handle(ctx context.Context, event order) (answer, error) {
	fmt.Println("go was asked", event.Do)
	switch event.Do {
	case "fail":
		return answer{}, errors.New("no such order")
	case "panic":
		panic("an index too far")
	}
	call, _ := lambdacontext.FromContext(ctx)
	_, hasTime := ctx.Deadline()
	return answer{event.Items, call.AwsRequestID, call.InvokedFunctionArn, lambdacontext.FunctionName, hasTime}, nil
}

func main() {
	lambda.Start(handle)
}
